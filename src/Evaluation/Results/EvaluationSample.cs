using System.Text.Json.Nodes;
using AlpacaCot.Evaluation.Python;

namespace AlpacaCot.Evaluation.Results;

/// <summary>One question's line in a samples file.</summary>
/// <param name="DocId">Number of the question in its suite.</param>
/// <param name="Doc">The question's row.</param>
/// <param name="Target">What is right: a text, or the number of the right choice.</param>
/// <param name="Arguments">What the model was given, per request: the prompt and the continuation or the generation settings.</param>
/// <param name="Responses">What came back, per request: a text, or a log-likelihood and whether it was greedy.</param>
/// <param name="Filtered">What was scored.</param>
/// <param name="Filter">Name of the filter that made it; <c>none</c> without one.</param>
/// <param name="Metrics">The question's value per metric, in order.</param>
public sealed record EvaluationSample(
    int DocId, JsonObject Doc, JsonNode Target, IReadOnlyList<SampleArguments> Arguments, IReadOnlyList<JsonNode> Responses,
    IReadOnlyList<JsonNode> Filtered, string Filter, IReadOnlyList<KeyValuePair<string, JsonNode>> Metrics)
{
    /// <summary>SHA-256 of the row as Python prints it with an indent of 2.</summary>
    public string DocHash { get; } = PythonJson.Hash(PythonJson.Dumps(Doc, 2));

    /// <summary>SHA-256 of the first prompt.</summary>
    public string PromptHash { get; } = PythonJson.Hash(Arguments[0].Prompt);

    /// <summary>SHA-256 of the target as text.</summary>
    public string TargetHash { get; } = PythonJson.Hash(PythonJson.Str(Target));

    /// <summary>The line as lm-eval writes it (key for key, Python's spacing, without a line break).</summary>
    public string ToLine()
    {
        var arguments = new JsonObject();
        for (var i = 0; i < Arguments.Count; i++)
        {
            var entry = new JsonObject { ["arg_0"] = Arguments[i].Prompt };
            if (Arguments[i].Second is { } second) entry["arg_1"] = second.DeepClone();
            arguments[$"gen_args_{i}"] = entry;
        }
        var line = new JsonObject
        {
            ["doc_id"] = DocId,
            ["doc"] = Doc.DeepClone(),
            ["target"] = PythonJson.Str(Target),
            ["arguments"] = arguments,
            ["resps"] = new JsonArray([.. Responses.Select(r => new JsonArray(Strings(r)))]),
            ["filtered_resps"] = new JsonArray([.. Filtered.Select(Strings)]),
            ["filter"] = Filter,
            ["metrics"] = new JsonArray([.. Metrics.Select(m => JsonValue.Create(m.Key))]),
            ["doc_hash"] = DocHash,
            ["prompt_hash"] = PromptHash,
            ["target_hash"] = TargetHash,
        };
        foreach (var (name, value) in Metrics) line[name] = value.DeepClone();
        return PythonJson.Dumps(line);
    }

    /// <summary>All leaves as texts, as the format wants responses.</summary>
    private static JsonNode Strings(JsonNode node) => node switch
    {
        JsonArray items => new JsonArray([.. items.Select(item => Strings(item!))]),
        _ => JsonValue.Create(PythonJson.Str(node)),
    };
}

/// <summary>What one request gave the model.</summary>
/// <param name="Prompt">The prompt's text.</param>
/// <param name="Second">The continuation's text, the generation settings, or null for a rolling text.</param>
public sealed record SampleArguments(string Prompt, JsonNode? Second = null);
