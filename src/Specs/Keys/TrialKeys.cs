using System.Globalization;
using System.Text.Json.Nodes;
using AlpacaCot.Specs.Methods;

namespace AlpacaCot.Specs.Keys;

/// <summary>
/// The content keys of a trial: what was trained, how it is asked, what it is asked. Equal keys mean equal numbers, so they are computed once. Every
/// part of the spec is hashed once, and a key is the hash of
/// its parts' hashes: a grid of ten thousand trials repeats a few dozen parts.
/// </summary>
public sealed class TrialKeys(SweepSpec spec, SpecIdentities known)
{
    /// <summary>Raised when the meaning of a key changes, so that no old result is taken for a new one.</summary>
    private const int Version = 1;

    private readonly Dictionary<(string, string), string> _parts = [];

    /// <summary>Everything that changes the trained weights.</summary>
    public string Training(ModelSpec model, MethodSpec peft, DataSpec data, int seed, double learningRate) => Key(
        Part(
            "base", model.Name,
            () => new JsonObject
            {
                ["content"] = Identity(known.Models, model.Reference), ["revision"] = model.Revision, ["load"] = spec.LoadOf(model)
            }),
        Part("adapter", peft.Name, () => MethodCatalogue.AdapterConfig(peft)),
        Part("data", data.Name, () => new JsonObject
        {
            ["sources"] = new JsonArray([.. data.Sources.Select(SourceNode)]), ["template"] = spec.TemplateOf(data), ["language"] = spec.LanguageOf(data), ["cot"] = data.Cot,
        }),
        Part("training", learningRate.ToString("R", CultureInfo.InvariantCulture), () =>
        {
            var training = SweepSpecJson.Training(spec.Training);
            training.Remove("checkpoint_steps");
            training["learning_rate"] = learningRate;
            return training;
        }),
        seed.ToString(CultureInfo.InvariantCulture));

    /// <summary>The training key and how it is asked.</summary>
    public string Trial(string trainingKey, DataSpec data, CotSpec cot) => Key(
        trainingKey,
        Part(
            "asking", spec.LanguageOf(data) + "\n" + cot.Name,
            () => new JsonObject { ["cue"] = cot.Cue, ["decoding"] = SweepSpecJson.Decoding(spec.Decoding), ["language"] = spec.LanguageOf(data) }));

    /// <summary>The trial key and what it is asked.</summary>
    public string Result(string trialKey, EvaluationSpec evaluation) => Key(
        trialKey,
        Part("evaluation", evaluation.Name, () =>
        {
            var node = SweepSpecJson.Evaluation(evaluation);
            node.Remove("name");
            node["content"] = known.Suites.TryGetValue(evaluation.Name, out var content) ? content : AsWritten(evaluation.Suite);
            return node;
        }));

    private JsonNode SourceNode(SourceSpec source)
    {
        var node = SweepSpecJson.Source(source);
        node.Remove("set");
        node.Remove("path");
        node["content"] = Identity(known.Sources, source.Reference);
        return node;
    }

    private string Part(string kind, string name, Func<JsonObject> node)
    {
        if (!_parts.TryGetValue((kind, name), out var hash)) _parts[(kind, name)] = hash = CanonicalJson.Hash(new JsonObject { [kind] = node() });
        return hash;
    }

    private static string Key(params string[] parts)
        => CanonicalJson.HashText(string.Create(CultureInfo.InvariantCulture, $"{Version}\n") + string.Join('\n', parts));

    private static string Identity(IReadOnlyDictionary<string, string> known, string reference)
        => known.TryGetValue(reference, out var content) ? content : AsWritten(reference);

    /// <summary>A reference without identity is marked as one, so that it never equals a hash.</summary>
    private static string AsWritten(string reference) => "as written: " + reference;
}
