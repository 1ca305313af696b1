using System.Text.Json;
using System.Text.Json.Nodes;
using AlpacaCot.Files;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Suites;

namespace AlpacaCot.Evaluation.Suites;

/// <summary>
/// A suite's declaration, <c>{ suite: goat-arithmetic, limit: 200 }</c>, read strictly: an unknown or ill-typed option is an error that names the known ones.
/// What is read, defaults filled in, is kept as the suite's configuration.
/// </summary>
internal sealed class SuiteOptions
{
    private readonly JsonObject _declaration;
    private readonly HashSet<string> _read = new(StringComparer.Ordinal) { "suite", "name" };

    private readonly SuiteDefinition _definition;
    private readonly Places _places;

    public SuiteOptions(JsonObject declaration, SuiteDefinition definition, IReadOnlyList<string> roots)
    {
        (_declaration, _definition, _places) = (declaration, definition, new Places(roots));
        Name = Text("name", Suite);
        Used["suite"] = Suite;
        Limit = Integer("limit");
        FewShot = Integer("few_shot");
        Seed = Integer("seed");
        if (Limit < 0 || Limit == 0 && declaration["limit"] is not null) throw Wrong("limit", "must be 1 or more; leave it out for all questions");
        if (FewShot < 0) throw Wrong("few_shot", "must be 0 or more");
    }

    /// <summary>The registered suite.</summary>
    public string Suite => _definition.Name;

    /// <summary>Its name in results; the suite's own unless given.</summary>
    public string Name { get; }

    /// <summary>Most questions; 0 is all.</summary>
    public int Limit { get; }

    /// <summary>Worked examples before each question.</summary>
    public int FewShot { get; }

    /// <summary>Seed of the draws.</summary>
    public int Seed { get; }

    /// <summary>Options as they were used.</summary>
    public JsonObject Used { get; } = [];

    public string Text(string key, string? otherwise = null) => Read(key, v => v.GetValue<string>(), v => JsonValue.Create(v), otherwise ?? "");

    public int Integer(string key) => Read(key, v => v.GetValue<int>(), v => JsonValue.Create(v), 0);

    public bool Flag(string key) => Read(key, v => v.GetValue<bool>(), v => JsonValue.Create(v), false);

    /// <summary>A list of texts; a single text stands for a list of one.</summary>
    public IReadOnlyList<string> Texts(string key) => Read(key,
        v => v is JsonArray items ? [.. items.Select(i => Item(i).GetValue<string>())] : (IReadOnlyList<string>)[v.GetValue<string>()],
        v => new JsonArray([.. v.Select(t => JsonValue.Create(t))]), []);

    /// <summary>A file, as <see cref="Files"/> finds it; null where the option is not given.</summary>
    public string? File(string key) => Text(key) is { Length: > 0 } path ? Find(path) : null;

    /// <summary>Files: a relative path counts from the roots, then from the working folder; a folder stands for its tables in order of name.</summary>
    public IReadOnlyList<string> Files(string key) => [.. Texts(key).Select(Find).SelectMany(path => Directory.Exists(path)
        ? Directory.EnumerateFiles(path).Where(f => Path.GetExtension(f) is ".csv" or ".jsonl" or ".json" or ".txt" or ".tsv").Order(StringComparer.Ordinal)
        : (IEnumerable<string>)[path])];

    /// <summary>A list of whole numbers; a single one stands for a list of one.</summary>
    public IReadOnlyList<int> Integers(string key) => Read(key,
        v => v is JsonArray items ? [.. items.Select(i => Item(i).GetValue<int>())] : (IReadOnlyList<int>)[v.GetValue<int>()],
        v => new JsonArray([.. v.Select(t => JsonValue.Create(t))]), []);

    /// <summary>A list of objects as it stands.</summary>
    public JsonArray? Objects(string key) => Read<JsonArray?>(key, v => (JsonArray)v.DeepClone(), v => v?.DeepClone(), null);

    /// <summary>One of the option's words.</summary>
    public string OneOf(string key)
    {
        var (value, known) = (Text(key), Option(key).Choices);
        return known.Contains(value) ? value : throw Wrong(key, $"'{value}' is unknown; known are {string.Join(", ", known)}");
    }

    /// <summary>Refuses options that nothing has read.</summary>
    public void Done()
    {
        var unknown = _declaration.Select(p => p.Key).Where(key => !_read.Contains(key)).ToList();
        if (unknown.Count > 0)
            throw new EvaluationException($"suite {Suite} has no option '{string.Join("', '", unknown)}'; it has {string.Join(", ", _definition.AllOptions.Select(option => option.Name).Order(StringComparer.Ordinal))}");
    }

    public EvaluationException Wrong(string key, string why) => new($"suite {Suite}, option {key}: {why}");

    private static JsonNode Item(JsonNode? item) => item ?? throw new InvalidOperationException("null in a list");

    private string Find(string path) => _places.Find(path) ?? throw new EvaluationException($"suite {Suite}: {path}: no such file ({_places.Looked(path, Suggestions.Nearest)})");

    private SuiteOption Option(string key) => _definition.Option(key) ?? throw new ArgumentException($"the suite {Suite} declares no option '{key}'", nameof(key));

    /// <summary>An option's value: as given, else its default, else <paramref name="otherwise"/>.</summary>
    private T Read<T>(string key, Func<JsonNode, T> convert, Func<T, JsonNode?> store, T otherwise)
    {
        _read.Add(key);
        var value = Option(key).Default is { } usual ? convert(usual) : otherwise;
        if (_declaration[key] is { } node)
        {
            try
            {
                value = convert(node);
            }
            catch (Exception e) when (e is InvalidOperationException or FormatException or InvalidCastException or JsonException)
            {
                throw Wrong(key, $"{node.ToJsonString()} is not of the right type");
            }
        }
        if (value is not null) Used[key] = store(value);
        return value;
    }
}
