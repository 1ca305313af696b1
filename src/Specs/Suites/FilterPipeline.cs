using System.Text.Json;
using System.Text.Json.Nodes;

namespace AlpacaCot.Specs.Suites;

/// <summary>One of lm-eval's filter pipelines: what is read from a response, step by step, before it is scored.</summary>
/// <param name="Name">Its name in results.</param>
/// <param name="Steps">The steps, at least one.</param>
public sealed record FilterPipeline(string Name, IReadOnlyList<FilterStep> Steps)
{
    /// <summary>Reads a list of pipelines.</summary>
    internal static IReadOnlyList<FilterPipeline> ReadAll(JsonNode given)
    {
        var pipelines = ((JsonArray)given).Select(node =>
        {
            if (node is not JsonObject pipeline || pipeline["name"] is not JsonValue value || !value.TryGetValue<string>(out var name)) throw new FormatException("each pipeline needs a name");
            if (pipeline["filter"] is not JsonArray { Count: > 0 } steps) throw new FormatException($"pipeline '{name}' needs a list 'filter'");
            try
            {
                return new FilterPipeline(name, FilterStep.ReadAll(steps));
            }
            catch (FormatException e)
            {
                throw new FormatException($"pipeline '{name}': {e.Message}", e);
            }
        }).ToList();
        return pipelines.GroupBy(pipeline => pipeline.Name, StringComparer.Ordinal).FirstOrDefault(same => same.Count() > 1) is { } twice ? throw new FormatException($"two pipelines are called '{twice.Key}'") : pipelines;
    }

    internal static JsonArray WriteAll(IReadOnlyList<FilterPipeline> pipelines)
        => new([.. pipelines.Select(pipeline => (JsonNode)new JsonObject { ["name"] = pipeline.Name, ["filter"] = new JsonArray([.. pipeline.Steps.Select(step => (JsonNode)step.Write())]) })]);
}

/// <summary>One step of a pipeline: lm-eval's filter of that name with its arguments; those that are not given are null, off or empty.</summary>
public sealed record FilterStep
{
    /// <summary>Name of the filter.</summary>
    public required string Function { get; init; }

    /// <summary>The expression that is looked for.</summary>
    public string? RegexPattern { get; init; }

    /// <summary>Which match counts, negative from the end.</summary>
    public int? GroupSelect { get; init; }

    /// <summary>What stands for a response without a match.</summary>
    public string? Fallback { get; init; }

    /// <summary>Responses that are kept.</summary>
    public int? K { get; init; }

    /// <summary>Texts to texts.</summary>
    public IReadOnlyDictionary<string, string>? MappingDict { get; init; }

    /// <summary>What stands for a text that the mapping does not have.</summary>
    public string? DefaultValue { get; init; }

    /// <summary>Expressions whose matches are removed first.</summary>
    public IReadOnlyList<string> RegexesToIgnore { get; init; } = [];

    /// <summary>Compare without regard to case.</summary>
    public bool IgnoreCase { get; init; }

    /// <summary>Compare without punctuation.</summary>
    public bool IgnorePunctuation { get; init; }

    /// <summary>Reads a list of steps.</summary>
    /// <exception cref="FormatException">A step is none, or an argument is not of its type; the message says which.</exception>
    public static IReadOnlyList<FilterStep> ReadAll(JsonArray steps) => [.. steps.Select(Read)];

    private static FilterStep Read(JsonNode? node)
    {
        var step = node as JsonObject ?? throw new FormatException($"a filter step is {node?.ToJsonString() ?? "null"}, expected an object with 'function'");
        var function = "step";
        function = Text("function") ?? throw new FormatException("a filter step needs 'function'");
        return new FilterStep
        {
            Function = function, RegexPattern = Text("regex_pattern"), GroupSelect = Integer("group_select"), Fallback = Text("fallback"), K = Integer("k"), MappingDict = Mapping("mapping_dict"),
            DefaultValue = Text("default_value"), RegexesToIgnore = Texts("regexes_to_ignore"), IgnoreCase = Flag("ignore_case"), IgnorePunctuation = Flag("ignore_punctuation"),
        };

        string? Text(string key) => step[key] is not { } value ? null : value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : throw Wrong(key, "a text");

        int? Integer(string key) => step[key] is not { } value ? null : value is JsonValue number && number.GetValueKind() == JsonValueKind.Number && number.TryGetValue<int>(out var whole) ? whole : throw Wrong(key, "a whole number");

        bool Flag(string key) => step[key] is { } value && (value.GetValueKind() is JsonValueKind.True or JsonValueKind.False ? value.GetValue<bool>() : throw Wrong(key, "true or false"));

        IReadOnlyList<string> Texts(string key) => step[key] switch
        {
            null => [],
            JsonArray items when items.All(item => item?.GetValueKind() == JsonValueKind.String) => [.. items.Select(item => item!.GetValue<string>())],
            _ => throw Wrong(key, "a list of texts"),
        };

        IReadOnlyDictionary<string, string>? Mapping(string key) => step[key] switch
        {
            null => null,
            JsonObject entries when entries.All(entry => entry.Value?.GetValueKind() == JsonValueKind.String) => entries.ToDictionary(entry => entry.Key, entry => entry.Value!.GetValue<string>(), StringComparer.Ordinal),
            _ => throw Wrong(key, "a mapping of texts to texts"),
        };

        FormatException Wrong(string key, string expected) => new($"filter {function}: '{key}' is {step[key]!.ToJsonString()}, expected {expected}");
    }

    internal JsonObject Write()
    {
        var step = new JsonObject { ["function"] = Function };
        if (RegexPattern is not null) step["regex_pattern"] = RegexPattern;
        if (GroupSelect is not null) step["group_select"] = GroupSelect;
        if (Fallback is not null) step["fallback"] = Fallback;
        if (K is not null) step["k"] = K;
        if (MappingDict is not null) step["mapping_dict"] = new JsonObject(MappingDict.Select(entry => KeyValuePair.Create(entry.Key, (JsonNode?)entry.Value)));
        if (DefaultValue is not null) step["default_value"] = DefaultValue;
        if (RegexesToIgnore.Count > 0) step["regexes_to_ignore"] = new JsonArray([.. RegexesToIgnore.Select(pattern => (JsonNode)pattern)]);
        if (IgnoreCase) step["ignore_case"] = true;
        if (IgnorePunctuation) step["ignore_punctuation"] = true;
        return step;
    }
}
