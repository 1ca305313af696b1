using System.Globalization;
using System.Numerics;
using System.Text;

namespace AlpacaCot.Tokenizers.ChatTemplates.Jinja;

/// <summary>The filter <c>tojson</c>, which chat templates have as Python's <c>json.dumps(ensure_ascii=False)</c>: nothing is escaped for HTML.</summary>
internal static class JsonText
{
    /// <summary>The JSON of a value.</summary>
    public static string Write(object? value, CallArguments arguments)
    {
        var indent = arguments.Get(1, "indent") switch { null => null, string own => own, var width => new string(' ', Math.Clamp(Python.Index(width), 0, 1000)) };
        string[] separators = arguments.Get(2, "separators") is { } given ? [.. Python.Iterate(given).Select(Python.Text)] : [indent is null ? ", " : ",", ": "];
        if (separators.Length != 2) throw new ChatTemplateException("ValueError", "separators must be two texts");
        var text = new StringBuilder();
        Write(text, value, new Style(arguments.Flag(0, "ensure_ascii"), indent, separators[0], separators[1], arguments.Flag(3, "sort_keys")), 0);
        return text.ToString();
    }

    private sealed record Style(bool Ascii, string? Indent, string Item, string Key, bool Sorted);

    private static void Write(StringBuilder text, object? value, Style style, int depth)
    {
        if (!System.Runtime.CompilerServices.RuntimeHelpers.TryEnsureSufficientExecutionStack()) throw new ChatTemplateException("RecursionError", "a value is nested too deeply");
        switch (value)
        {
            case null: text.Append("null"); break;
            case bool flag: text.Append(flag ? "true" : "false"); break;
            case BigInteger number: text.Append(number.ToString(CultureInfo.InvariantCulture)); break;
            case double number: text.Append(double.IsNaN(number) ? "NaN" : double.IsInfinity(number) ? number > 0 ? "Infinity" : "-Infinity" : PythonValues.Repr(number)); break;
            case string s: Quote(text, s, style.Ascii); break;
            case Mapping mapping:
                var entries = mapping.Select(entry => (Name: KeyOf(entry.Key.Value), entry.Value)).ToList();
                if (style.Sorted) entries.Sort((a, b) => Python.CompareTexts(a.Name, b.Name));
                Bracket(text, '{', '}', entries, style, depth, entry =>
                {
                    Quote(text, entry.Name, style.Ascii);
                    text.Append(style.Key);
                    Write(text, entry.Value, style, depth + 1);
                });
                break;
            case List<object?> or object?[]: Bracket(text, '[', ']', [.. Python.Iterate(value)], style, depth, item => Write(text, item, style, depth + 1)); break;
            default: throw new ChatTemplateException("TypeError", $"Object of type {Python.TypeName(value)} is not JSON serializable");
        }
        Rendering.CheckLength(text.Length);
    }

    private static void Bracket<T>(StringBuilder text, char open, char close, List<T> items, Style style, int depth, Action<T> write)
    {
        text.Append(open);
        for (var i = 0; i < items.Count; i++)
        {
            if (i > 0) text.Append(style.Item);
            Line(depth + 1);
            write(items[i]);
        }
        if (items.Count > 0) Line(depth);
        text.Append(close);

        void Line(int level)
        {
            if (style.Indent is null) return;
            text.Append('\n');
            for (var i = 0; i < level; i++) text.Append(style.Indent);
        }
    }

    private static string KeyOf(object? key) => key switch
    {
        string text => text, null => "null", bool flag => flag ? "true" : "false", BigInteger or double => Python.Repr(key),
        _ => throw new ChatTemplateException("TypeError", $"keys must be str, int, float, bool or None, not {Python.TypeName(key)}"),
    };

    private static void Quote(StringBuilder text, string value, bool ascii)
    {
        text.Append('"');
        foreach (var c in value)
            _ = c switch
            {
                '"' => text.Append("\\\""), '\\' => text.Append("\\\\"), '\n' => text.Append("\\n"), '\r' => text.Append("\\r"), '\t' => text.Append("\\t"), '\b' => text.Append("\\b"), '\f' => text.Append("\\f"),
                < ' ' => text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                > '~' when ascii => text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => text.Append(c),
            };
        text.Append('"');
    }
}
