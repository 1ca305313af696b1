using System.Globalization;
using System.Numerics;
using System.Text;

namespace AlpacaCot.Tokenizers.ChatTemplates.Jinja;

/// <summary>The functions that every template has.</summary>
internal static class Globals
{
    // The sandbox's limit.
    private const int MaxRange = 100_000;

    /// <summary>Puts the functions into the outermost scope.</summary>
    public static void AddTo(Scope scope)
    {
        Add("namespace", arguments => new Namespace(MappingOf(arguments)));
        Add("dict", MappingOf);
        Add("range", Range);
        Add("raise_exception", arguments => throw new ChatTemplateException(ChatTemplateException.Raised, Python.Text(arguments.Get(0, "message"))));
        Add("strftime_now", arguments => Format(scope.Rendering.Time.GetLocalNow(), arguments.Text(0, "format", "")));
        Add("cycler", arguments => arguments.Positional.Count > 0 ? new Cycler(arguments.Positional) : throw new ChatTemplateException("RuntimeError", "at least one item has to be provided"));
        Add("joiner", arguments =>
        {
            var used = false;
            return new Function("joiner", _ =>
            {
                var text = used ? arguments.Text(0, "sep", ", ") : "";
                used = true;
                return text;
            });
        });
        Add("lipsum", _ => throw new ChatTemplateException("TypeError", "lipsum writes random text, which a prompt cannot mean"));

        void Add(string name, Func<CallArguments, object?> call) => scope.Set(name, new Function(name, call));
    }

    /// <summary>A value of JSON; whole numbers stay whole.</summary>
    public static object? FromJson(System.Text.Json.Nodes.JsonNode? node)
    {
        switch (node)
        {
            case null: return null;
            case System.Text.Json.Nodes.JsonArray items: return items.Select(FromJson).ToList();
            case System.Text.Json.Nodes.JsonObject map: return Mapping.Of(map.Select(entry => KeyValuePair.Create(entry.Key, FromJson(entry.Value))));
        }
        switch (node.GetValueKind())
        {
            case System.Text.Json.JsonValueKind.String: return node.GetValue<string>();
            case System.Text.Json.JsonValueKind.True: return true;
            case System.Text.Json.JsonValueKind.False: return false;
            default:
                var text = node.ToJsonString();
                return text.AsSpan().ContainsAny('.', 'e', 'E') || text.Length > 4000 ? double.Parse(text, CultureInfo.InvariantCulture) : BigInteger.Parse(text, CultureInfo.InvariantCulture);
        }
    }

    private static Mapping MappingOf(CallArguments arguments)
    {
        var mapping = new Mapping();
        if (arguments.Positional.Count > 0)
            if (arguments.Positional[0] is Mapping given) mapping = given.Copy();
            else
                foreach (var pair in Python.Iterate(arguments.Positional[0]))
                    if (Python.Iterate(pair).ToList() is [var key, var value]) mapping.Set(key, value);
                    else throw new ChatTemplateException("ValueError", "a dictionary is made of pairs");
        foreach (var (name, value) in arguments.Named) mapping.Set(name, value);
        return mapping;
    }

    private static NumberRange Range(CallArguments arguments)
    {
        var numbers = arguments.Positional.Select(Python.Index).ToList();
        var range = numbers switch
        {
            [var stop] => new NumberRange(0, stop, 1),
            [var start, var stop] => new NumberRange(start, stop, 1),
            [var start, var stop, not 0 and var step] => new NumberRange(start, stop, step),
            [_, _, 0] => throw new ChatTemplateException("ValueError", "range() arg 3 must not be zero"),
            _ => throw new ChatTemplateException("TypeError", "range expected 1 to 3 arguments"),
        };
        return range.Count <= MaxRange ? range : throw new ChatTemplateException("OverflowError", $"Range too big. The sandbox blocks ranges larger than MAX_RANGE ({MaxRange}).");
    }

    /// <summary>strftime, in the C locale.</summary>
    private static string Format(DateTimeOffset time, string format)
    {
        var culture = CultureInfo.InvariantCulture;
        var text = new StringBuilder();
        for (var i = 0; i < format.Length; i++)
        {
            if (format[i] != '%' || i + 1 == format.Length)
            {
                text.Append(format[i]);
                continue;
            }
            var plain = format[i + 1] == '-' && i + 2 < format.Length;
            var directive = format[i += plain ? 2 : 1];
            var value = directive switch
            {
                'Y' => time.ToString("yyyy", culture), 'y' => time.ToString("yy", culture), 'm' => time.ToString("MM", culture), 'd' => time.ToString("dd", culture), 'e' => time.Day.ToString(culture).PadLeft(2),
                'H' => time.ToString("HH", culture), 'I' => time.ToString("hh", culture), 'M' => time.ToString("mm", culture), 'S' => time.ToString("ss", culture), 'f' => time.ToString("ffffff", culture),
                'p' => time.ToString("tt", culture), 'A' => time.ToString("dddd", culture), 'a' => time.ToString("ddd", culture), 'B' => time.ToString("MMMM", culture), 'b' or 'h' => time.ToString("MMM", culture),
                'j' => time.DayOfYear.ToString("000", culture), 'F' => time.ToString("yyyy-MM-dd", culture), 'T' => time.ToString("HH:mm:ss", culture), 'D' => time.ToString("MM/dd/yy", culture), 'R' => time.ToString("HH:mm", culture),
                'u' => ((int)time.DayOfWeek == 0 ? 7 : (int)time.DayOfWeek).ToString(culture), 'w' => ((int)time.DayOfWeek).ToString(culture), 'z' => "", 'Z' => "", 'n' => "\n", 't' => "\t", '%' => "%",
                _ => throw new ChatTemplateException("ValueError", $"strftime_now does not know %{directive}"),
            };
            text.Append(plain ? value.TrimStart('0', ' ') is { Length: > 0 } shortened ? shortened : "0" : value);
        }
        return text.ToString();
    }
}
