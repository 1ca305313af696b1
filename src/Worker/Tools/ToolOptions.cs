using System.Globalization;
using System.Text.Json;
using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Worker.Tools;

/// <summary>The options of a tool, read by name; what nobody has read is refused.</summary>
internal sealed class ToolOptions
{
    private readonly Dictionary<string, JsonElement> _values;
    private readonly HashSet<string> _read = new(StringComparer.Ordinal);

    /// <summary>Takes a JSON object.</summary>
    public ToolOptions(JsonElement options)
        => _values = options.EnumerateObject().Where(p => p.Value.ValueKind != JsonValueKind.Null).ToDictionary(p => p.Name, p => p.Value, StringComparer.Ordinal);

    /// <summary>Whether an option was given.</summary>
    public bool Has(string name) => _values.ContainsKey(name);

    /// <summary>The first of some options that was given, or null.</summary>
    public string? Given(params string[] names) => names.FirstOrDefault(_values.ContainsKey);

    /// <summary>A required text.</summary>
    public string Text(string name) => TextOrNull(name) ?? throw new ToolException($"--{name.Replace('_', '-')} is missing");

    /// <summary>A text, or null.</summary>
    public string? TextOrNull(string name) => Take(name) is not { } value ? null : value.ValueKind == JsonValueKind.String ? value.GetString() : throw Wrong(name, value, "a text");

    /// <summary>Texts, or none.</summary>
    public IReadOnlyList<string> Texts(string name)
        => Take(name) is not { } value ? [] : value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray().Select(v => v.GetString()!)] : [value.GetString()!];

    /// <summary>A whole number.</summary>
    public int Int(string name, int otherwise) => IntOrNull(name) ?? otherwise;

    /// <summary>A whole number, or null.</summary>
    public int? IntOrNull(string name) => Read<int>(name, value => value.GetInt32(), "a whole number");

    /// <summary>A long whole number.</summary>
    public long Long(string name, long otherwise) => Read<long>(name, value => value.GetInt64(), "a whole number") ?? otherwise;

    /// <summary>How many of something: a whole number from <paramref name="least"/> on.</summary>
    public int Count(string name, int otherwise, int least = 1) => CountOrNull(name, least) ?? otherwise;

    /// <summary>How many of something, or null.</summary>
    public int? CountOrNull(string name, int least = 1)
        => IntOrNull(name) is not { } value ? null : value >= least ? value : throw Wrong(name, value.ToString(CultureInfo.InvariantCulture), $"at least {least}");

    /// <summary>A number within bounds, or null.</summary>
    /// <param name="name">The option.</param>
    /// <param name="least">The smallest value.</param>
    /// <param name="most">The largest value.</param>
    /// <param name="above">Whether the smallest value itself is refused.</param>
    public double? RangeOrNull(string name, double least, double most, bool above = false)
    {
        if (DoubleOrNull(name) is not { } value) return null;
        if ((above ? value > least : value >= least) && value <= most) return value;
        throw Wrong(name, value.ToString(CultureInfo.InvariantCulture), string.Create(CultureInfo.InvariantCulture, $"{(above ? "above" : "at least")} {least} and at most {most}"));
    }

    /// <summary>A number, or null.</summary>
    public double? DoubleOrNull(string name) => Read<double>(name, value => value.GetDouble(), "a number");

    /// <summary>A switch.</summary>
    public bool Flag(string name) => Read<bool>(name, value => value.GetBoolean(), "true or false") ?? false;

    /// <summary>A part of a spec, which the command line has read and judged.</summary>
    public T Record<T>(string name) where T : class
    {
        var value = Take(name) ?? throw new ToolException($"--{name.Replace('_', '-')} is missing");
        try
        {
            return value.Deserialize<T>(Frames.Json) ?? throw Wrong(name, value, $"a {typeof(T).Name}");
        }
        catch (JsonException)
        {
            throw Wrong(name, value, $"a {typeof(T).Name}");
        }
    }

    /// <summary>Refuses options that the tool has not read.</summary>
    public void Done()
    {
        var left = _values.Keys.Where(name => !_read.Contains(name)).ToList();
        if (left.Count > 0) throw new ToolException($"unknown option {string.Join(", ", left.Select(name => $"--{name.Replace('_', '-')}"))}");
    }

    private T? Read<T>(string name, Func<JsonElement, T> read, string what) where T : struct
    {
        if (Take(name) is not { } value) return null;
        try
        {
            return read(value);
        }
        catch (Exception e) when (e is InvalidOperationException or FormatException)
        {
            throw Wrong(name, value, what);
        }
    }

    private static ToolException Wrong(string name, JsonElement value, string what) => Wrong(name, value.GetRawText(), what);

    private static ToolException Wrong(string name, string value, string what) => new($"--{name.Replace('_', '-')} {value} is not {what}");

    private JsonElement? Take(string name)
    {
        _read.Add(name);
        return _values.TryGetValue(name, out var value) ? value : null;
    }
}

/// <summary>A tool was asked for something it cannot do; one line for people.</summary>
internal sealed class ToolException(string message) : Exception(message);
