using System.Text.Json.Nodes;

namespace AlpacaCot.Experiments;

/// <summary>The content keys of a trial: what was trained, how it is asked, what it is asked. Equal keys mean equal numbers, so they are computed once.</summary>
internal static class TrialKeys
{
    /// <summary>Raised when the meaning of a key changes, so that no old result is taken for a new one.</summary>
    private const int Version = 1;

    /// <summary>Everything that changes the trained weights.</summary>
    public static string Training(SweepSpec spec, SpecIdentities known, ModelSpec model, PeftSpec peft, DataSpec data, int seed, double learningRate)
    {
        var training = SweepSpecJson.Training(spec.Training);
        training.Remove("checkpoint_steps");
        training["learning_rate"] = learningRate;
        return CanonicalJson.Hash(new JsonObject
        {
            ["version"] = Version,
            ["base"] = new JsonObject { ["content"] = Identity(known.Models, model.Reference), ["revision"] = model.Revision, ["load"] = spec.LoadOf(model) },
            ["adapter"] = MethodCatalogue.AdapterConfig(peft),
            ["data"] = new JsonObject
            {
                ["sources"] = new JsonArray([.. data.Sources.Select(s => SourceNode(s, known))]),
                ["template"] = spec.TemplateOf(data),
                ["language"] = spec.LanguageOf(data),
                ["cot"] = data.Cot,
            },
            ["training"] = training,
            ["seed"] = seed,
        });
    }

    /// <summary>The training key and how it is asked.</summary>
    public static string Trial(SweepSpec spec, string trainingKey, DataSpec data, CotSpec cot) => CanonicalJson.Hash(new JsonObject
    {
        ["version"] = Version,
        ["training"] = trainingKey,
        ["cue"] = cot.Cue,
        ["decoding"] = SweepSpecJson.Decoding(spec.Decoding),
        ["language"] = spec.LanguageOf(data),
    });

    /// <summary>The trial key and what it is asked.</summary>
    public static string Result(EvaluationSpec evaluation, SpecIdentities known, string trialKey)
    {
        var node = SweepSpecJson.Evaluation(evaluation);
        node.Remove("name");
        node["content"] = known.Suites.TryGetValue(evaluation.Name, out var content) ? content : "as written: " + evaluation.Suite;
        node["trial"] = trialKey;
        node["version"] = Version;
        return CanonicalJson.Hash(node);
    }

    private static JsonObject SourceNode(SourceSpec source, SpecIdentities known)
    {
        var node = SweepSpecJson.Source(source);
        node.Remove("set");
        node.Remove("path");
        node["content"] = Identity(known.Sources, source.Reference);
        return node;
    }

    /// <summary>A reference without identity is marked as one, so that it never equals a hash.</summary>
    private static string Identity(IReadOnlyDictionary<string, string> known, string reference)
        => known.TryGetValue(reference, out var content) ? content : "as written: " + reference;
}
