using System.Numerics;

namespace AlpacaCot.Tokenizers.ChatTemplates.Jinja;

/// <summary>The filters on texts, numbers and single values; those on sequences are in the other part.</summary>
internal static partial class Filters
{
    private static readonly Dictionary<string, Func<object?, CallArguments, object?>> _filters = new(StringComparer.Ordinal)
    {
        ["upper"] = (v, _) => PythonText.Upper(Python.Text(v)),
        ["lower"] = (v, _) => PythonText.Lower(Python.Text(v)),
        ["title"] = (v, _) => PythonText.TitleWords(Python.Text(v)),
        ["capitalize"] = (v, _) => PythonText.Capitalize(Python.Text(v)),
        ["trim"] = (v, a) => TextMethods.Strip(Python.Text(v), a.Get(0, "chars"), true, true),
        ["string"] = (v, _) => Python.Text(v),
        ["safe"] = (v, _) => Python.Text(v),
        ["escape"] = (v, _) => PythonText.EscapeHtml(Python.Text(v)),
        ["replace"] = (v, a) => TextMethods.Replace(Python.Text(v), a.Text(0, "old", ""), a.Text(1, "new", ""), a.Int(2, "count") ?? -1),
        ["length"] = (v, _) => (BigInteger)Python.Length(v),
        ["default"] = (v, a) => v is Undefined || (a.Flag(1, "boolean") && !Python.Truth(v)) ? a.Get(0, "default_value", "") : v,
        ["int"] = (v, a) => Whole(v, a.Int(1, "base") ?? 10) is { } number ? number : a.Get(0, "default", BigInteger.Zero),
        ["float"] = (v, a) => Real(v) is { } number ? number : a.Get(0, "default", 0.0),
        ["abs"] = (v, _) => Python.Number(v) switch { BigInteger n => BigInteger.Abs(n), double n => Math.Abs(n), _ => throw new ChatTemplateException("TypeError", $"bad operand type for abs(): '{Python.TypeName(v)}'") },
        ["round"] = (v, a) => Round(v, a.Int(0, "precision") ?? 0, a.Text(1, "method", "common")),
        ["tojson"] = (v, a) => JsonText.Write(v, a),
        ["format"] = (v, a) => Formats.Percent(Python.Text(v), a.Named.Count > 0 ? Mapping.Of(a.Named) : a.Positional.ToArray()),
        ["indent"] = (v, a) => Indent(Python.Text(v), a),
        ["wordcount"] = (v, _) => (BigInteger)Python.Text(v).Split(PythonText.Space, StringSplitOptions.RemoveEmptyEntries).Length,
        ["truncate"] = (v, a) => Truncate(Python.Text(v), a),
        ["center"] = (v, a) => TextMethods.Center(Python.Text(v), a.Int(0, "width") ?? 80, ' '),
        ["urlencode"] = (v, _) => string.Concat(System.Text.Encoding.UTF8.GetBytes(Python.Text(v)).Select(b => char.IsAsciiLetterOrDigit((char)b) || b is (byte)'-' or (byte)'_' or (byte)'.' or (byte)'~' or (byte)'/' ? ((char)b).ToString() : $"%{b:X2}")),
        ["striptags"] = (v, _) => string.Join(' ', System.Text.RegularExpressions.Regex.Replace(Python.Text(v), "<!--.*?-->|<[^>]*>", "", System.Text.RegularExpressions.RegexOptions.Singleline).Split(PythonText.Space, StringSplitOptions.RemoveEmptyEntries)),
        ["pprint"] = (v, _) => Python.Repr(v),
        ["attr"] = (v, a) => v is Mapping ? new Undefined($"'dict object' has no attribute {Python.Repr(a.Get(0, "name"))}") : Access.Attribute(v, a.Text(0, "name", "")),
    };

    static Filters()
    {
        (_filters["count"], _filters["d"], _filters["e"], _filters["forceescape"]) = (_filters["length"], _filters["default"], _filters["escape"], _filters["escape"]);
        AddSequences();
    }

    /// <summary>A filter, or null where there is none of the name.</summary>
    public static Func<object?, CallArguments, object?>? Find(string name) => _filters.GetValueOrDefault(name);

    private static object? Whole(object? value, int numberBase)
    {
        switch (Python.Number(value))
        {
            case BigInteger number: return number;
            case double number: return double.IsFinite(number) ? new BigInteger(Math.Truncate(number)) : null;
        }
        if (value is not string text) return null;
        text = TextMethods.Strip(text, null, true, true).Replace("_", "", StringComparison.Ordinal);
        var digits = text.TrimStart('+', '-');
        if (digits.Length is 0 or > 4000 || text.Length - digits.Length > 1) return null;
        if (numberBase != 10)
        {
            if (digits.Length > 2 && digits[0] == '0' && char.ToLowerInvariant(digits[1]) == numberBase switch { 16 => 'x', 8 => 'o', 2 => 'b', _ => '\0' }) digits = digits[2..];
            var sum = BigInteger.Zero;
            foreach (var c in digits)
            {
                var digit = char.IsAsciiDigit(c) ? c - '0' : char.IsAsciiLetter(c) ? char.ToLowerInvariant(c) - 'a' + 10 : 99;
                if (digit >= numberBase) return null;
                sum = sum * numberBase + digit;
            }
            return text[0] == '-' ? -sum : sum;
        }
        return digits.All(char.IsAsciiDigit) ? BigInteger.Parse(text, System.Globalization.CultureInfo.InvariantCulture) : Real(text) is double real && double.IsFinite(real) ? new BigInteger(Math.Truncate(real)) : null;
    }

    private static object? Real(object? value)
    {
        if (Python.Number(value) is { } number) return Python.ToDouble(number);
        return value is string text && double.TryParse(TextMethods.Strip(text, null, true, true), System.Globalization.NumberStyles.Float, System.Globalization.CultureInfo.InvariantCulture, out var parsed) ? parsed : null;
    }

    private static object Round(object? value, int precision, string method)
    {
        var number = Python.ToDouble(Python.Number(value) ?? throw new ChatTemplateException("TypeError", $"type {Python.TypeName(value)} doesn't define __round__ method"));
        if (precision is < 0 or > 15) throw new ChatTemplateException("ValueError", $"round to {precision} places");
        var scale = Math.Pow(10, precision);
        return method switch
        {
            "common" => Math.Round(number, precision, MidpointRounding.ToEven),
            "ceil" => Math.Ceiling(number * scale) / scale,
            "floor" => Math.Floor(number * scale) / scale,
            _ => throw new ChatTemplateException("FilterArgumentError", "method must be common, ceil or floor"),
        };
    }

    private static string Indent(string text, CallArguments arguments)
    {
        var indent = arguments.Get(0, "width") is string own ? own : new string(' ', Math.Clamp(arguments.Int(0, "width") ?? 4, 0, 10_000));
        var (first, blank) = (arguments.Flag(1, "first"), arguments.Flag(2, "blank"));
        var lines = (text + "\n").Split('\n')[..^1];
        return string.Join('\n', lines.Select((line, i) => (i == 0 ? first : blank || line.Length > 0) ? indent + line : line));
    }

    private static string Truncate(string text, CallArguments arguments)
    {
        var (length, killWords, end) = (arguments.Int(0, "length") ?? 255, arguments.Flag(1, "killwords"), arguments.Text(2, "end", "..."));
        var leeway = arguments.Int(3, "leeway") ?? 5;
        if (Python.Length(text) <= length + leeway) return text;
        var cut = (string)Access.Slice(text, null, (BigInteger)Math.Max(0, length - Python.Length(end)), null)!;
        if (killWords) return cut + end;
        var space = cut.LastIndexOf(' ');
        return (space < 0 ? cut : cut[..space]) + end;
    }
}
