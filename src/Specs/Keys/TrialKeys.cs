using System.Globalization;
using System.Text.Json.Nodes;
using AlpacaCot.Specs.Methods;

namespace AlpacaCot.Specs.Keys;

/// <summary>
/// The content keys of a trial: what was trained, how it is asked, what it is asked. Equal keys mean equal numbers, so they are computed once. Names are in no key, nor are
/// settings that change no result beyond rounding. Every part of the spec is hashed once, and a key is the hash of its parts' hashes: a grid of ten thousand trials repeats a few dozen parts.
/// </summary>
public sealed class TrialKeys(SweepSpec spec, SpecIdentities known)
{
    /// <summary>Raised when the meaning of a key changes, so that no old result is taken for a new one.</summary>
    private const int Version = 2;

    /// <summary>How work is cut and saved; results do not follow from it.</summary>
    private static readonly string[] KernelSettings = ["gradient_accumulation", "micro_batch_tokens", "checkpoint_steps"];

    private readonly Dictionary<(string, string), string> _parts = [];

    private string Code => "code: " + (known.Code ?? "unknown");

    /// <summary>Everything that changes the trained weights.</summary>
    public string Training(ModelSpec model, MethodSpec method, DataSpec data, int seed, double learningRate) => Key(
        Code,
        Part("base", model.Name, () => Base(model)),
        Part("adapter", method.Name + "\n" + model.Name, () => Adapter(method, model)),
        Data(model, data),
        Part("training", learningRate.ToString("R", CultureInfo.InvariantCulture), () => Training(learningRate)),
        seed.ToString(CultureInfo.InvariantCulture));

    /// <summary>Training settings that results follow from: all but how work is cut and saved.</summary>
    public static JsonObject NumericSettings(TrainingSpec training)
    {
        var node = SweepSpecJson.Training(training);
        foreach (var setting in KernelSettings) node.Remove(setting);
        return node;
    }

    /// <summary>The training key and how it is asked.</summary>
    public string Trial(string trainingKey, CotSpec cot) => Key(trainingKey, Asking(cot));

    /// <summary>
    /// An untuned base and how it is asked. No method, data or learning rate is in it, so that every sweep finds the same result; a seed is only where answers are drawn.
    /// </summary>
    /// <param name="model">The base.</param>
    /// <param name="asked">A data mix whose template it is asked through; mixes with the same template give the same key.</param>
    /// <param name="cot">The way of asking.</param>
    /// <param name="seed">The sampler's seed; null where decoding is greedy.</param>
    public string Untuned(ModelSpec model, DataSpec asked, CotSpec cot, int? seed) => Key(
        Code,
        Part("base", model.Name, () => Base(model)),
        "template: " + TemplateOf(model, asked),
        Asking(cot),
        seed is { } drawn ? drawn.ToString(CultureInfo.InvariantCulture) : "");

    /// <summary>
    /// What a data mix becomes under a model's tokenizer: rows, template, masks, cutoff. Null where the content behind a name is not known, so that equal keys could stand for different things.
    /// </summary>
    public string? Dataset(ModelSpec model, DataSpec data)
    {
        var mixes = spec.MatchedWith(data).Prepend(data).ToList();
        if (known.Code is null || known.Models.GetValueOrDefault(model.Name)?.Tokenizer is not { } tokenizer) return null;
        if (mixes.Any(mix => !known.Templates.ContainsKey(mix.Name) || known.Sources.GetValueOrDefault(mix.Name) is not { } contents || contents.Contains(null))) return null;
        return Key(
            Code, "tokenizer: " + tokenizer, Data(model, data), "cutoff: " + spec.Training.CutoffLen.ToString(CultureInfo.InvariantCulture),
            "prompt: " + spec.Training.TrainOnPrompt.ToString(CultureInfo.InvariantCulture));
    }

    private string Asking(CotSpec cot)
        => Part("asking", cot.Name, () =>
        {
            var node = new JsonObject { ["cue"] = cot.Cue, ["decoding"] = SweepSpecJson.Decoding(spec.Decoding) };
            if (cot.Language is { } language) node["language"] = language;
            return node;
        });

    /// <summary>What a mix's template is: its text's hash, and for the one that a model brings that model's.</summary>
    private string TemplateOf(ModelSpec model, DataSpec data) => spec.TemplateOf(data) == TemplateNames.Chat
        ? $"{TemplateNames.Chat}: {known.Models.GetValueOrDefault(model.Name)?.ChatTemplate ?? AsWritten(model.Reference)}"
        : known.Templates.GetValueOrDefault(data.Name) ?? AsWritten(spec.TemplateOf(data));

    private string Data(ModelSpec model, DataSpec data) => Part("data", data.Name + "\n" + model.Name, () => DataOf(model, data));

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

    private JsonObject Base(ModelSpec model)
    {
        var identity = known.Models.GetValueOrDefault(model.Name);
        return new JsonObject
        {
            ["content"] = identity?.Content ?? AsWritten(model.Reference),
            // A revision says which content; where that is known, its name says nothing more.
            ["revision"] = identity?.Content is null ? model.Revision : null,
            ["tokenizer"] = identity?.Tokenizer,
            ["load"] = spec.LoadOf(model),
        };
    }

    private JsonObject Adapter(MethodSpec method, ModelSpec model)
    {
        var config = MethodCatalogue.AdapterConfig(method);
        if (known.Models.GetValueOrDefault(model.Name)?.Targets.GetValueOrDefault(method.Method) is { } defaults)
            foreach (var (option, modules) in defaults)
                config[option] ??= new JsonArray([.. modules.Select(module => (JsonNode)module)]);
        return config;
    }

    private JsonObject DataOf(ModelSpec model, DataSpec data)
    {
        var node = Rows(model, data);
        // What another mix cannot teach is left out of this one too.
        if (spec.MatchedWith(data) is { Count: > 0 } others)
            node["match"] = new JsonArray([.. others.Select(other => CanonicalJson.Hash(Rows(model, other))).Order(StringComparer.Ordinal).Select(hash => (JsonNode)hash)]);
        return node;
    }

    private JsonObject Rows(ModelSpec model, DataSpec data)
    {
        var contents = known.Sources.GetValueOrDefault(data.Name);
        var node = SweepSpecJson.Data(data, TemplateOf(model, data), spec.LanguageOf(data));
        foreach (var key in (string[])["name", "training_cue", "match"]) node.Remove(key);
        node["sources"] = new JsonArray([.. data.Sources.Select((source, i) => Source(data, source, contents?[i]))]);
        return node;
    }

    private static JsonObject Source(DataSpec data, SourceSpec source, string? content)
    {
        var node = SweepSpecJson.Source(source);
        foreach (var key in (string[])["set", "path", "training_cue", "allow_leakage"]) node.Remove(key);
        node["content"] = content ?? AsWritten(source.Reference);
        // Cues drawn for each row were once the only way and had no key of their own: results of that time keep theirs.
        var cue = data.CueOf(source);
        if (cue.Use == CueUse.Text) node["cue"] = cue.Text;
        else if (cue.Use != CueUse.Flan) node["training_cue"] = Words.Cues.Of(cue.Use == CueUse.FlanChinese ? cue.Use : CueUse.None);
        return node;
    }

    private JsonObject Training(double learningRate)
    {
        var node = NumericSettings(spec.Training);
        node["learning_rate"] = learningRate;
        return node;
    }

    private string Part(string kind, string name, Func<JsonObject> node)
    {
        if (!_parts.TryGetValue((kind, name), out var hash)) _parts[(kind, name)] = hash = CanonicalJson.Hash(new JsonObject { [kind] = node() });
        return hash;
    }

    private static string Key(params string[] parts)
        => CanonicalJson.HashText(string.Create(CultureInfo.InvariantCulture, $"{Version}\n") + string.Join('\n', parts));

    /// <summary>A reference without identity is marked as one, so that it never equals a hash.</summary>
    private static string AsWritten(string reference) => "as written: " + reference;
}
