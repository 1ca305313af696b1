using System.Text.Json.Nodes;
using AlpacaCot.Specs.Methods;

namespace AlpacaCot.Specs;

/// <summary>One training, and one trial, as JSON in the vocabulary of the sweep file, with every default written out: what <c>trial.json</c> and <c>sweep show</c> hold.</summary>
public static class TrialSpecJson
{
    /// <summary>What is trained.</summary>
    /// <param name="method">The adapter method.</param>
    /// <param name="data">What is taught; its template and language are given.</param>
    /// <param name="training">How; its learning rate is given.</param>
    /// <param name="seed">Seed of initialisation, data order and dropout.</param>
    public static JsonObject Training(MethodSpec method, DataSpec data, TrainingSpec training, long seed) => new()
    {
        ["peft"] = Method(method), ["data"] = SweepSpecJson.Data(data), ["training"] = SweepSpecJson.Training(training), ["seed"] = seed,
    };

    /// <summary>What a trial of a sweep trains, and how it is asked.</summary>
    /// <param name="spec">The sweep.</param>
    /// <param name="model">The base model.</param>
    /// <param name="method">The adapter method; null where nothing is trained.</param>
    /// <param name="data">What is taught; null where nothing is.</param>
    /// <param name="cot">How it is asked.</param>
    /// <param name="learningRate">The learning rate that counts; null where nothing is trained.</param>
    /// <param name="seed">The seed; null where nothing is trained or drawn.</param>
    public static JsonObject Trial(SweepSpec spec, ModelSpec model, MethodSpec? method, DataSpec? data, CotSpec cot, double? learningRate, long? seed)
    {
        var trial = method is null || data is null ? new JsonObject { ["seed"] = seed } : Training(method, spec.Resolved(data), spec.Training with { LearningRate = learningRate }, seed ?? throw new ArgumentException("a training has a seed", nameof(seed)));
        trial.Insert(0, "model", new JsonObject { ["name"] = model.Name, ["path"] = model.Reference, ["load"] = spec.LoadOf(model) });
        trial["cot"] = new JsonObject { ["name"] = cot.Name, ["cue"] = cot.Cue };
        if (cot.Language is { } language) trial["cot"]!["language"] = language;
        trial["decoding"] = SweepSpecJson.Decoding(spec.Decoding);
        trial["evaluation"] = new JsonArray([.. spec.Evaluation.Select(SweepSpecJson.Evaluation)]);
        return trial;
    }

    /// <summary>A method with the values of all its options; one that the model's family decides is null.</summary>
    private static JsonObject Method(MethodSpec method)
    {
        var node = new JsonObject { ["name"] = method.Name, ["method"] = method.Method };
        var values = MethodCatalogue.AdapterConfig(method);
        foreach (var option in MethodCatalogue.Get(method.Method).Options) node[option.ShortName] = values[option.Name]?.DeepClone();
        return node;
    }
}
