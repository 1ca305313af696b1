using System.Text.Json;
using System.Text.Json.Nodes;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Methods;

namespace AlpacaCot.Adapters;

/// <summary>A field that PEFT writes as one value or as a list; the form is kept.</summary>
/// <param name="Values">The values.</param>
/// <param name="Single">Whether it was one value without a list.</param>
public sealed record OneOrMany<T>(IReadOnlyList<T> Values, bool Single = false);

/// <summary>Reads the fields of an <c>adapter_config.json</c> and remembers which were asked for.</summary>
internal sealed class ConfigReader(JsonObject document, string file)
{
    /// <summary>Most items of a list and most patterns: a large mixture of experts has some twenty thousand projections.</summary>
    private const int MostItems = 100_000;

    /// <summary>
    /// Patterns of ranks and scales: each is compared with each module. Published adapters list every module of a model by its name, some hundreds; an expression
    /// takes a thousand times as much to prepare as a name.
    /// </summary>
    private const int MostPatterns = 4096, MostExpressions = 256;

    private readonly HashSet<string> _asked = new(StringComparer.Ordinal);
    private readonly Dictionary<string, JsonNode?> _kept = new(StringComparer.Ordinal);

    public string File => file;

    public IReadOnlyDictionary<string, JsonNode?> Kept => _kept;

    public string? Text(string key) => Value<string>(key, "a string");

    public bool Flag(string key, bool otherwise) => Ask(key) is null ? otherwise : Value<bool>(key, "true or false");

    public bool Flag(MethodOption option) => Flag(option.Name, (bool)option.FileDefault!);

    public int Integer(MethodOption option) => Ask(option.Name) is null ? (int)option.FileDefault! : (int)Within(option, Value<int>(option.Name, "an integer"));

    /// <summary>A whole number, or null where there is none.</summary>
    public int? Integer(string key) => Ask(key) is null ? null : Value<int>(key, "an integer");

    public double Number(UnbuiltOption option) => Ask(option.Name) is null ? (double)option.Off! : Value<double>(option.Name, "a number");

    public double Number(MethodOption option) => Ask(option.Name) is null ? (double)option.FileDefault! : Within(option, Value<double>(option.Name, "a number"));

    /// <summary>An object of numbers by pattern, in the file's order.</summary>
    public IReadOnlyList<KeyValuePair<string, double>> Numbers(MethodOption option)
    {
        var numbers = Numbers(option.Name);
        if (numbers.Count > MostPatterns || numbers.Count(entry => !ModulePattern.IsName(entry.Key)) > MostExpressions)
            throw new AdapterException($"{file}: {option.Name} has {numbers.Count} patterns; at most {MostPatterns} are read, of which at most {MostExpressions} may be more than a module's name");
        foreach (var (pattern, number) in numbers)
        {
            Within(option, number);
            if (ModulePattern.Mistake(pattern) is { } mistake) throw new AdapterException($"{file}: {option.Name}: {UserPattern.Quoted(pattern)} is no regular expression of module paths: {mistake}");
        }
        return numbers;
    }

    private double Within(MethodOption option, double value)
        => option.Allows(value) ? value : throw new AdapterException(FormattableString.Invariant($"{file}: {option.Name} = {value} must be {option.LimitsAgainst(value)}"));

    /// <summary>A list of names or one pattern.</summary>
    public ModuleSelection? Modules(string key) => Ask(key) switch
    {
        null => null,
        JsonArray { Count: > MostItems } => throw TooMany(key),
        JsonArray list => ModuleSelection.Of(list.Select(node => Of<string>(key, node, "a list of strings"))),
        var node => ModuleSelection.Matching(Of<string>(key, node, "a string or a list of strings")),
    };

    public OneOrMany<T>? OneOrMany<T>(string key, string expected) => Ask(key) switch
    {
        null => null,
        JsonArray { Count: > MostItems } => throw TooMany(key),
        JsonArray list => new OneOrMany<T>([.. list.Select(node => Of<T>(key, node, expected))]),
        var node => new OneOrMany<T>([Of<T>(key, node, expected)], Single: true),
    };

    private IReadOnlyList<KeyValuePair<string, double>> Numbers(string key) => Ask(key) switch
    {
        null => [],
        JsonObject { Count: > MostItems } => throw TooMany(key),
        JsonObject map => [.. map.Select(pair => KeyValuePair.Create(pair.Key, Of<double>(key, pair.Value, "numbers by pattern")))],
        _ => throw Wrong(key, "an object of numbers by pattern"),
    };

    /// <summary>The raw value of a key whose type varies.</summary>
    public JsonNode? Ask(string key)
    {
        _asked.Add(key);
        return document[key];
    }

    /// <summary>A field of a feature that is not implemented: refused unless it is switched off.</summary>
    public void Refuse(string key, JsonNode? off, string feature)
    {
        var value = Ask(key);
        if (value is null || JsonNode.DeepEquals(value, off) || value is JsonArray { Count: 0 } or JsonObject { Count: 0 }) Keep(key, off);
        else throw new AdapterNotSupportedException($"{file}: {key} = {Short(value)} ({feature}) is not supported");
    }

    /// <summary>A field without meaning here, written back as it is.</summary>
    public void Keep(string key, JsonNode? otherwise) => _kept[key] = (document.ContainsKey(key) ? Ask(key) : otherwise)?.DeepClone();

    /// <summary>Fields that are neither read nor kept.</summary>
    public void Ignore(params string[] keys) => _asked.UnionWith(keys);

    /// <summary>Keeps what nobody asked for, and remarks on what of it is switched on.</summary>
    public IReadOnlyList<string> RemarksOfUnknown()
    {
        var remarks = new List<string>();
        foreach (var (key, value) in document)
        {
            if (_asked.Contains(key) || _kept.ContainsKey(key)) continue;
            _kept[key] = value?.DeepClone();
            if (IsOn(value)) remarks.Add($"{file}: {key} = {Short(value!)} is unknown here and has no effect: if it changes what the adapter computes, answers will differ from PEFT's");
        }
        return remarks;
    }

    public AdapterException Wrong(string key, string expected)
        => new($"{file}: {key} = {(document[key] is { } value ? Short(value) : "null")}, expected {expected}");

    private AdapterException TooMany(string key) => new($"{file}: {key} has more than {MostItems} items");

    // Every release of PEFT adds keys and writes them all, switched off.
    private static bool IsOn(JsonNode? value) => value switch
    {
        null or JsonArray { Count: 0 } or JsonObject { Count: 0 } => false,
        JsonValue scalar => scalar.GetValueKind() != JsonValueKind.False && !(scalar.GetValueKind() == JsonValueKind.String && scalar.GetValue<string>().Length == 0),
        _ => true,
    };

    private static string Short(JsonNode value) => value.ToJsonString() is { Length: > 80 } text ? text[..80] + "…" : value.ToJsonString();

    private T? Value<T>(string key, string expected) => Ask(key) is { } node ? Of<T>(key, node, expected) : default;

    private T Of<T>(string key, JsonNode? node, string expected)
    {
        try
        {
            return node is JsonValue value ? value.Deserialize<T>() ?? throw Wrong(key, expected) : throw Wrong(key, expected);
        }
        catch (JsonException)
        {
            throw Wrong(key, expected);
        }
    }
}
