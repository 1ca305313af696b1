using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.RegularExpressions;

namespace AlpacaCot.Tokenizers.ChatTemplates.Jinja;

/// <summary>Python's two ways to put values into a text: <c>%</c> and <c>format</c>.</summary>
internal static partial class Formats
{
    private const int MaxWidth = 100_000;

    /// <summary><c>format % values</c>.</summary>
    public static string Percent(string format, object? values)
    {
        var items = values as object?[] ?? [values];
        var next = 0;
        var text = Directive().Replace(format, match =>
        {
            var kind = match.Groups["kind"].Value;
            if (kind == "%") return "%";
            var value = match.Groups["key"].Success
                ? values is Mapping mapping && mapping.TryFind(match.Groups["key"].Value, out var named) ? named : throw new ChatTemplateException("KeyError", Python.Repr(match.Groups["key"].Value))
                : next < items.Length ? items[next++] : throw new ChatTemplateException("TypeError", "not enough arguments for format string");
            var flags = match.Groups["flags"].Value;
            var specification = (flags.Contains('-') ? "<" : ">") + (flags.Contains('+') ? "+" : "") + (flags.Contains('0') && !flags.Contains('-') ? "0" : "") + match.Groups["width"].Value
                + (match.Groups["precision"].Success ? "." + match.Groups["precision"].Value : "");
            return kind switch
            {
                "s" => Format(Python.Text(value), specification),
                "r" => Format(Python.Repr(value), specification),
                "d" or "i" or "u" => Format(Whole(value), specification + "d"),
                "x" or "X" or "o" => Format(Whole(value), specification + kind),
                _ => Format(Python.ToDouble(Python.Number(value) ?? throw new ChatTemplateException("TypeError", $"must be real number, not {Python.TypeName(value)}")), specification + kind),
            };
        });
        if (values is not Mapping && next < items.Length) throw new ChatTemplateException("TypeError", "not all arguments converted during string formatting");
        return text;

        static object Whole(object? value) => Python.Number(value) switch
        {
            double number when double.IsFinite(number) => new BigInteger(Math.Truncate(number)),
            double number => throw new ChatTemplateException(double.IsNaN(number) ? "ValueError" : "OverflowError", $"cannot convert float {(double.IsNaN(number) ? "NaN" : "infinity")} to integer"),
            BigInteger number => number, _ => throw new ChatTemplateException("TypeError", $"%d format: a real number is required, not {Python.TypeName(value)}"),
        };
    }

    /// <summary><c>format.format(…)</c>: fields by place or name, with a format behind a colon.</summary>
    public static string Braces(string format, CallArguments arguments)
    {
        var result = new StringBuilder();
        var next = 0;
        for (var i = 0; i < format.Length; i++)
        {
            var c = format[i];
            if (c is '{' or '}' && i + 1 < format.Length && format[i + 1] == c)
            {
                result.Append(c);
                i++;
                continue;
            }
            if (c == '}') throw new ChatTemplateException("ValueError", "Single '}' encountered in format string");
            if (c != '{')
            {
                result.Append(c);
                continue;
            }
            var end = format.IndexOf('}', i);
            if (end < 0) throw new ChatTemplateException("ValueError", "expected '}' before end of string");
            var field = format[(i + 1)..end].Split(':', 2);
            if (field[0].AsSpan().ContainsAny('.', '[', '!')) throw new ChatTemplateException("ValueError", $"the field {{{field[0]}}} reaches into its value, which templates may not");
            object? value;
            if (field[0].Length == 0 || field[0].All(char.IsAsciiDigit))
            {
                var place = field[0].Length == 0 ? next++ : int.TryParse(field[0], CultureInfo.InvariantCulture, out var given) ? given : int.MaxValue;
                value = place < arguments.Positional.Count ? arguments.Positional[place] : throw new ChatTemplateException("IndexError", "Replacement index out of range for positional args tuple");
            }
            else value = arguments.Named.TryGetValue(field[0], out var named) ? named : throw new ChatTemplateException("KeyError", Python.Repr(field[0]));
            result.Append(Format(value, field.Length > 1 ? field[1] : ""));
            Rendering.CheckLength(result.Length);
            i = end;
        }
        return result.ToString();
    }

    /// <summary>A value by a format of Python's small language: fill and alignment, sign, zero, width, comma, precision, kind.</summary>
    private static string Format(object? value, string specification)
    {
        var match = Specification().Match(specification);
        if (!match.Success) throw new ChatTemplateException("ValueError", $"Invalid format specifier '{specification}'");
        string Group(string name) => match.Groups[name].Value;
        int? Size(string name) => Group(name).Length == 0 ? null : int.TryParse(Group(name), CultureInfo.InvariantCulture, out var size) && size <= MaxWidth ? size
            : throw new ChatTemplateException("ValueError", $"the format {specification} is too wide");
        var number = value is string ? null : Python.Number(value);
        var kind = Group("kind");
        var precision = Size("precision");
        string text;
        var sign = "";
        if (number is null || (value is bool && kind.Length == 0))
        {
            text = Python.Text(value);
            if (precision is { } most && most < Python.Length(text)) text = (string)Access.Slice(text, null, (BigInteger)most, null)!;
        }
        else
        {
            var negative = number is BigInteger whole ? whole.Sign < 0 : double.IsNegative((double)number);
            sign = negative ? "-" : Group("sign") is "+" or " " ? Group("sign") : "";
            text = Digits(number is BigInteger i ? BigInteger.Abs(i) : Math.Abs((double)number), kind, precision, Group("comma").Length > 0);
        }
        var width = (Size("width") ?? 0) - Python.Length(text) - sign.Length;
        if (width <= 0) return sign + text;
        var zero = Group("zero").Length > 0 && Group("align").Length == 0;
        var fill = Group("fill").Length > 0 ? Group("fill")[0] : Group("zero").Length > 0 && number is not null ? '0' : ' ';
        var align = Group("align").Length > 0 ? Group("align") : number is null ? "<" : zero ? "=" : ">";
        if (fill == '0' && align == ">" && number is not null && Group("fill").Length == 0) align = "=";
        return align switch
        {
            "<" => sign + text + new string(fill, width),
            "^" => new string(fill, width / 2) + sign + text + new string(fill, width - width / 2),
            "=" => sign + new string(fill, width) + text,
            _ => new string(fill, width) + sign + text,
        };
    }

    private static string Digits(object number, string kind, int? precision, bool comma)
    {
        var culture = CultureInfo.InvariantCulture;
        if (number is BigInteger whole && kind is "" or "d" or "x" or "X" or "o" or "b" && number is BigInteger i)
            return kind switch
            {
                "x" => i.IsZero ? "0" : i.ToString("x", culture).TrimStart('0'),
                "X" => i.IsZero ? "0" : i.ToString("X", culture).TrimStart('0'),
                "o" => Based(i, 8),
                "b" => Based(i, 2),
                _ => i.ToString(comma ? "N0" : "R", culture),
            };
        var value = Python.ToDouble(number);
        switch (kind)
        {
            case "f" or "F": return value.ToString((comma ? "N" : "F") + (precision ?? 6), culture);
            case "e" or "E": return ExponentDigits().Replace(value.ToString(kind + (precision ?? 6), culture), match => match.Groups[1].Value + match.Groups[2].Value.TrimStart('0').PadLeft(2, '0'));
            case "%": return (value * 100).ToString("F" + (precision ?? 6), culture) + "%";
            case "" when precision is null: return PythonValues.Repr(value);
            default: return value.ToString("G" + Math.Max(1, precision ?? 6), culture);
        }
    }

    private static string Based(BigInteger number, int numberBase)
    {
        if (number.IsZero) return "0";
        var digits = new StringBuilder();
        for (; !number.IsZero; number /= numberBase) digits.Insert(0, (int)(number % numberBase));
        return digits.ToString();
    }

    [GeneratedRegex(@"%(?:\((?<key>[^)]*)\))?(?<flags>[-+ 0#]*)(?<width>\d*)(?:\.(?<precision>\d*))?(?<kind>[sdiurxXofFeEgG%])")]
    private static partial Regex Directive();

    [GeneratedRegex(@"^(?:(?<fill>.)?(?<align>[<>^=]))?(?<sign>[-+ ])?(?<zero>0)?(?<width>\d+)?(?<comma>,)?(?:\.(?<precision>\d+))?(?<kind>[sdxXobfFeEgG%])?$", RegexOptions.ExplicitCapture)]
    private static partial Regex Specification();

    [GeneratedRegex(@"([eE][+-])(\d+)")]
    private static partial Regex ExponentDigits();
}
