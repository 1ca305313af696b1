using System.Text.Json;

namespace AlpacaCot.Worker.Tools;

/// <summary>The options of a tool, read by name; what nobody has read is refused.</summary>
internal sealed class ToolOptions
{
    private readonly Dictionary<string, JsonElement> _values;
    private readonly HashSet<string> _read = new(StringComparer.Ordinal);

    /// <summary>Takes a JSON object.</summary>
    public ToolOptions(JsonElement options)
        => _values = options.EnumerateObject().Where(p => p.Value.ValueKind != JsonValueKind.Null).ToDictionary(p => p.Name, p => p.Value, StringComparer.Ordinal);

    /// <summary>A required text.</summary>
    public string Text(string name) => TextOrNull(name) ?? throw new ToolException($"--{name.Replace('_', '-')} is missing");

    /// <summary>A text, or null.</summary>
    public string? TextOrNull(string name) => Take(name)?.GetString();

    /// <summary>Texts, or none.</summary>
    public IReadOnlyList<string> Texts(string name)
        => Take(name) is not { } value ? [] : value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray().Select(v => v.GetString()!)] : [value.GetString()!];

    /// <summary>A whole number.</summary>
    public int Int(string name, int otherwise) => Take(name)?.GetInt32() ?? otherwise;

    /// <summary>A whole number, or null.</summary>
    public int? IntOrNull(string name) => Take(name)?.GetInt32();

    /// <summary>A long whole number.</summary>
    public long Long(string name, long otherwise) => Take(name)?.GetInt64() ?? otherwise;

    /// <summary>A number.</summary>
    public double Double(string name, double otherwise) => Take(name)?.GetDouble() ?? otherwise;

    /// <summary>A number, or null.</summary>
    public double? DoubleOrNull(string name) => Take(name)?.GetDouble();

    /// <summary>A switch.</summary>
    public bool Flag(string name) => Take(name)?.GetBoolean() ?? false;

    /// <summary>Any JSON, or null.</summary>
    public JsonElement? Json(string name) => Take(name);

    /// <summary>Refuses options that the tool has not read.</summary>
    public void Done()
    {
        var left = _values.Keys.Where(name => !_read.Contains(name)).ToList();
        if (left.Count > 0) throw new ToolException($"unknown option {string.Join(", ", left.Select(name => $"--{name.Replace('_', '-')}"))}");
    }

    private JsonElement? Take(string name)
    {
        _read.Add(name);
        return _values.TryGetValue(name, out var value) ? value : null;
    }
}

/// <summary>A tool was asked for something it cannot do; one line for people.</summary>
internal sealed class ToolException(string message) : Exception(message);
