using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace AlpacaCot.Data.Tables;

/// <summary>A value of an answer: a number, a date, or a text.</summary>
/// <param name="Normalised">The text in its one form.</param>
/// <param name="Number">The number; null where it is none.</param>
/// <param name="Date">Year, month and day, -1 for what is unknown; null where it is none.</param>
public readonly record struct DenotationValue(string Normalised, double? Number, (int Year, int Month, int Day)? Date)
{
    private const double Tolerance = 1e-6;

    /// <summary>Whether a predicted value means the same.</summary>
    public bool Matches(DenotationValue predicted)
        => Normalised == predicted.Normalised || (Number is { } a && predicted.Number is { } b && Math.Abs(a - b) < Tolerance) || (Date is { } x && predicted.Date is { } y && x == y);

    /// <summary>What two equal values of one answer share.</summary>
    internal object Identity => Number is { } number ? Math.Abs(number - Math.Round(number)) < Tolerance ? Math.Round(number) : number : Date is { } date ? date : Normalised;
}

/// <summary>
/// Answers as sets of values, compared as WikiTableQuestions' official evaluator does it (Pasupat and Liang 2015): texts without diacritics, citations and
/// brackets at their end, numbers within 1e-6, dates field by field; duplicates count once, and as many values must be there.
/// </summary>
public static partial class Denotation
{
    /// <summary>Whether a prediction is right.</summary>
    /// <param name="targets">The reference's values.</param>
    /// <param name="predicted">The predicted ones.</param>
    public static bool Equal(IEnumerable<DenotationValue> targets, IEnumerable<DenotationValue> predicted)
    {
        var (wanted, given) = (Distinct(targets), Distinct(predicted));
        return wanted.Count == given.Count && wanted.All(target => given.Any(target.Matches));
    }

    /// <summary>The values without duplicates.</summary>
    public static IReadOnlyList<DenotationValue> Distinct(IEnumerable<DenotationValue> values) => [.. values.DistinctBy(value => value.Identity)];

    /// <summary>A value by its text.</summary>
    /// <param name="text">The text, which is what is compared as text.</param>
    /// <param name="canonical">The value that annotators gave it, which its kind and number are taken from; the text itself where there is none.</param>
    public static DenotationValue Value(string text, string? canonical = null)
    {
        var value = string.IsNullOrEmpty(canonical) ? text : canonical;
        var normalised = Normalise(text);
        if (Number(value) is { } number) return new(normalised, number, null);
        if (Date(value) is not { } date) return new(normalised, null, null);
        return date is { Month: -1, Day: -1 } ? new(normalised, date.Year, null) : new(normalised, null, date);
    }

    /// <summary>The items of an answer cell, <c>|</c> between them; <c>\n</c>, <c>\p</c> and <c>\\</c> stand for a line break, a <c>|</c> and a backslash.</summary>
    public static IReadOnlyList<string> Items(string cell)
        => [.. cell.Split('|').Select(item => item.Replace("\\n", "\n", StringComparison.Ordinal).Replace("\\p", "|", StringComparison.Ordinal).Replace("\\\\", "\\", StringComparison.Ordinal))];

    /// <summary>A text in the form in which texts are compared.</summary>
    public static string Normalise(string text)
    {
        var plain = new StringBuilder(text.Length);
        foreach (var rune in text.Normalize(NormalizationForm.FormKD).EnumerateRunes())
            if (Rune.GetUnicodeCategory(rune) != UnicodeCategory.NonSpacingMark) plain.Append(rune.ToString());
        var x = Dashes().Replace(DoubleQuotes().Replace(SingleQuotes().Replace(plain.ToString(), "'"), "\""), "-");
        for (var before = (string?)null; x != before;)
        {
            before = x;
            x = Citations().Replace(x.Trim(), "");
            x = Brackets().Replace(x.Trim(), "");
            x = Quoted().Replace(x.Trim(), "$1");
        }
        if (x.EndsWith('.')) x = x[..^1];
        return WhiteSpace().Replace(x, " ").ToLowerInvariant().Trim();
    }

    private static double? Number(string text)
    {
        var folded = Folded(text).Trim();
        return NumberForm().IsMatch(folded) && double.Parse(folded, CultureInfo.InvariantCulture) is var value && double.IsFinite(value) ? value : null;
    }

    private static (int Year, int Month, int Day)? Date(string text)
    {
        if (Folded(text).ToLowerInvariant().Split('-') is not [var y, var m, var d]) return null;
        var (year, month, day) = (y is "xx" or "xxxx" ? -1 : Integer(y), m == "xx" ? -1 : Integer(m), d == "xx" ? -1 : Integer(d));
        if (year is null || month is null || day is null || (year, month, day) == (-1, -1, -1)) return null;
        return month is -1 or (>= 1 and <= 12) && day is -1 or (>= 1 and <= 31) ? (year.Value, month.Value, day.Value) : null;
    }

    private static int? Integer(string text) => int.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out var value) ? value : null;

    // Digits of every script count, as Python reads them.
    private static string Folded(string text)
        => text.All(char.IsAscii) ? text : string.Concat(text.Select(c => CharUnicodeInfo.GetDecimalDigitValue(c) is var digit and >= 0 ? (char)('0' + digit) : c));

    [GeneratedRegex("[‘’´`]")]
    private static partial Regex SingleQuotes();

    [GeneratedRegex("[“”]")]
    private static partial Regex DoubleQuotes();

    [GeneratedRegex("[‐‑‒–—−]")]
    private static partial Regex Dashes();

    [GeneratedRegex(@"((?<!^)\[[^\]]*\]|\[[0-9]+\]|[•♦†‡*#+])*$")]
    private static partial Regex Citations();

    [GeneratedRegex(@"(?<!^)( \([^)]*\))*$")]
    private static partial Regex Brackets();

    [GeneratedRegex("^\"([^\"]*)\"$")]
    private static partial Regex Quoted();

    [GeneratedRegex(@"\s+")]
    private static partial Regex WhiteSpace();

    [GeneratedRegex(@"^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$")]
    private static partial Regex NumberForm();
}
