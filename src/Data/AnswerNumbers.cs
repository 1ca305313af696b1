using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.RegularExpressions;

namespace AlpacaCot.Data;

/// <summary>
/// Numbers as people and models write them, read exactly: what stands for one value becomes one text (<c>18.0</c>, <c>1.8e1</c> and <c>36/2</c> are
/// <c>18</c>). No floating point takes part, so numbers of any length compare digit by digit.
/// </summary>
internal static partial class AnswerNumbers
{
    /// <summary>Digits beyond this are no answer; an exponent beyond it would fill the memory with zeros.</summary>
    private const int MostDigits = 1000;

    /// <summary>A number of so many digits, with separators and marks of mathematics, is shorter than this: what is longer is none, and is not searched for one.</summary>
    private const int LongestNumber = 4 * MostDigits;

    private const string Minus = "-\u2010\u2011\u2012\u2013\u2212\u207B\uFE63\uFF0D";

    // Groups of three behind commas, apostrophes or the spaces that are made for it; India's groups of two before the last three.
    private const string Grouped = "[0-9]{1,3}(?:(?:,[0-9]{3})+|(?:['\u2019][0-9]{3})+|(?:[\u00A0\u2007\u2009\u202F][0-9]{3})+|(?:,[0-9]{2})+,[0-9]{3})(?![0-9])";
    private const string TimesTen = @"\s?(?:×|x|X|\*|·|⋅|\\times|\\cdot)\s?10\s?(?:\^|\*\*)\s?[({]?(?<ten>[+-]?[0-9]+)[)}]?";
    private const string Currency = "[$€£¥₹₩]";
    // What may stand after a number and changes no value: a percent sign (50% is 50) or a currency.
    private const string Amount = "(?:%|percent|per cent|dollars?|euros?|yuan|USD|EUR|GBP|CNY|RMB|元|美元|欧元|[$€£¥₹₩])";
    private const string Unsigned =
        $@"(?:(?<whole>[0-9]+)[ ](?=[0-9]+/[0-9]))?(?:(?<int>{Grouped}|[0-9]+)(?:\.(?<frac>[0-9]+))?|\.(?<frac>[0-9]+))"
        + $@"(?:[eE](?<exp>[+-]?[0-9]+)(?![\p{{L}}0-9])|{TimesTen})?(?:(?=/)(?<![0-9]/[0-9]+)/(?<den>(?>[0-9]+))(?![0-9]*[./][0-9]))?";

    /// <summary>Digits of every script, minus signs before numbers and the like in their ASCII forms.</summary>
    public static string Fold(string text)
    {
        var folded = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            var digit = CharUnicodeInfo.GetDecimalDigitValue(text, i);
            if (digit >= 0)
            {
                folded.Append((char)('0' + digit));
                if (char.IsHighSurrogate(text[i])) i++;
            }
            else if (VulgarFraction(text[i]) is { } fraction)
            {
                if (folded.Length > 0 && char.IsAsciiDigit(folded[^1])) folded.Append(' ');
                folded.Append(fraction);
            }
            else folded.Append(text[i]);
        }
        var plain = WidePoint().Replace(folded.ToString(), match => match.Value switch { "．" => ".", "，" => ",", "％" => "%", "＄" => "$", "￥" => "¥", _ => "+" });
        return MinusBeforeNumber().Replace(Superscript().Replace(plain, Power), "-");
    }

    /// <summary>The number that a whole answer is, whatever currency or percent sign stands with it, in its one form; null where it is something else.</summary>
    public static string? OfWhole(string answer)
    {
        if (answer.Length > LongestNumber) return null;
        var text = Latex(Fold(answer)).Trim().Trim('"', '\'', '“', '”').Trim();
        if (text.StartsWith('=')) text = text[1..].TrimStart();
        text = SpacedGroups().Replace(Ending().Replace(text, ""), match => match.Value.Replace(" ", "", StringComparison.Ordinal));
        return Whole().Match(text) is { Success: true } number ? Value(number) : null;
    }

    /// <summary>The last number in running text, in its one form; null where there is none.</summary>
    public static string? Last(string text)
    {
        var matches = Number().Matches(Latex(Fold(text)));
        return matches.Count == 0 ? null : Value(matches[^1]) ?? matches[^1].Value;
    }

    /// <summary>The number at the beginning of a line where a sentence ends after it, as it is written; null where there is none.</summary>
    public static string? Leading(string line) => EndedNumber().Match(Fold(line.Length > LongestNumber ? line[..LongestNumber] : line)) is { Success: true } match ? match.Groups["number"].Value : null;

    private static string? Value(Match number)
    {
        static string Digits(Group group) => string.Concat(group.Value.Where(char.IsAsciiDigit));
        var (integer, fraction) = (Digits(number.Groups["int"]), Digits(number.Groups["frac"]));
        var exponentText = number.Groups["exp"].Success ? number.Groups["exp"].Value : number.Groups["ten"].Success ? number.Groups["ten"].Value : "0";
        if (integer.Length + fraction.Length > MostDigits || number.Groups["den"].Length > MostDigits) return null;
        if (!int.TryParse(exponentText, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var exponent) || Math.Abs(exponent) > MostDigits) return null;

        var numerator = BigInteger.Parse("0" + integer + fraction, CultureInfo.InvariantCulture);
        var denominator = BigInteger.Pow(10, fraction.Length);
        if (exponent >= 0) numerator *= BigInteger.Pow(10, exponent);
        else denominator *= BigInteger.Pow(10, -exponent);
        if (number.Groups["den"].Success) denominator *= BigInteger.Parse(number.Groups["den"].Value, CultureInfo.InvariantCulture);
        if (denominator.IsZero) return null;
        if (number.Groups["whole"].Success) numerator += BigInteger.Parse(number.Groups["whole"].Value, CultureInfo.InvariantCulture) * denominator;
        var negative = number.Groups["sign"].Captures.Count(sign => sign.Value.StartsWith('-')) % 2 == 1;
        return Text(negative ? -numerator : numerator, denominator);
    }

    /// <summary>A decimal where there is an exact one, else a fraction in lowest terms.</summary>
    private static string Text(BigInteger numerator, BigInteger denominator)
    {
        var common = BigInteger.GreatestCommonDivisor(numerator, denominator);
        (numerator, denominator) = (numerator / common, denominator / common);
        if (denominator.IsOne) return numerator.ToString(CultureInfo.InvariantCulture);
        var (rest, twos, fives) = (denominator, 0, 0);
        for (; rest % 2 == 0; twos++) rest /= 2;
        for (; rest % 5 == 0; fives++) rest /= 5;
        if (!rest.IsOne) return string.Create(CultureInfo.InvariantCulture, $"{numerator}/{denominator}");
        var places = Math.Max(twos, fives);
        var digits = (BigInteger.Abs(numerator) * BigInteger.Pow(10, places) / denominator).ToString(CultureInfo.InvariantCulture).PadLeft(places + 1, '0');
        return $"{(numerator.Sign < 0 ? "-" : "")}{digits[..^places]}.{digits[^places..]}";
    }

    private static string Latex(string text)
    {
        var plain = LatexFraction().Replace(text, match => $"{(match.Groups["digit"].Success ? match.Groups["digit"].Value + " " : "")}{match.Groups["over"].Value}/{match.Groups["under"].Value}");
        return plain.Replace("{,}", ",", StringComparison.Ordinal).Replace("\\,", "", StringComparison.Ordinal).Replace("\\!", "", StringComparison.Ordinal)
            .Replace("\\%", "%", StringComparison.Ordinal).Replace("\\$", "$", StringComparison.Ordinal);
    }

    private static string? VulgarFraction(char c)
    {
        if (CharUnicodeInfo.GetUnicodeCategory(c) != UnicodeCategory.OtherNumber) return null;
        var parts = c.ToString().Normalize(NormalizationForm.FormKC).Split('\u2044');
        return parts is [{ Length: > 0 } over, { Length: > 0 } under] ? $"{over}/{under}" : null;
    }

    private static string Power(Match match)
    {
        var digits = match.Groups["digits"].Value.Select(c => (char)('0' + (int)CharUnicodeInfo.GetNumericValue(c)));
        return $"^{(match.Groups["sign"].Success ? "-" : "")}{string.Concat(digits)}";
    }

    [GeneratedRegex("(?<=[0-9])[．，％](?=[0-9]|\\s|$|[。.])|[．](?=[0-9])|[＄￥＋](?=\\s?[0-9])", RegexOptions.CultureInvariant)]
    private static partial Regex WidePoint();

    [GeneratedRegex($@"[{Minus}](?=\s?{Currency}?\s?\.?[0-9]|\s?\\)", RegexOptions.CultureInvariant)]
    private static partial Regex MinusBeforeNumber();

    [GeneratedRegex(@"(?<=(?:×|x|X|\*|·|⋅)\s?10)(?<sign>⁻)?(?<digits>[⁰¹²³⁴⁵⁶⁷⁸⁹]+)", RegexOptions.CultureInvariant)]
    private static partial Regex Superscript();

    // White space is matched from its beginning alone: from each of its characters on, a long run would take the square of its length.
    [GeneratedRegex(@"(?:(?<digit>[0-9])\s*|(?<!\s)\s+|)\\[dtc]?frac\s*(?:\{\s*(?<over>[0-9]+)\s*\}\s*\{\s*(?<under>[0-9]+)\s*\}|(?<over>[0-9])(?<under>[0-9]))", RegexOptions.CultureInvariant)]
    private static partial Regex LatexFraction();

    [GeneratedRegex($@"\s*{Amount}?\s*[.。]?$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Ending();

    // In running text "5 100" may be two numbers; an answer that is nothing else is one.
    [GeneratedRegex(@"(?<![0-9.,])[0-9]{1,3}(?: [0-9]{3})+(?![0-9 ])", RegexOptions.CultureInvariant)]
    private static partial Regex SpacedGroups();

    [GeneratedRegex($@"^(?<sign>[+-])?\s?(?:{Currency}\s?)?(?<sign>[+-])?{Unsigned}$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Whole();

    // A hyphen after a digit, a letter or a bracket is subtraction, a range or a compound; no sign.
    [GeneratedRegex($@"(?<![0-9])(?<![0-9]\.)(?<sign>(?<![\p{{L}}0-9)\]}}%])[+-])?(?:{Currency}\s?)?(?<sign>(?<={Currency}\s?)[+-])?{Unsigned}", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Number();

    // An exclamation mark that nothing follows may be a factorial.
    [GeneratedRegex($@"^\s*(?<number>[+-]?(?:{Currency}\s?)?[+-]?{Unsigned}(?:\s?{Amount})?)\*{{0,2}}(?:[.?。？](?=\*{{0,2}}\s*(?:[\p{{L}}(""“']|$))|[!！](?=\s*\p{{Lu}}))", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex EndedNumber();
}
