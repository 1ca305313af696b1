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

    /// <summary>What a trial trains, and how it is asked.</summary>
    public static JsonObject Trial(TrialSpec spec)
    {
        var trial = spec is { Method: { } method, Data: { } data, Training: { } training }
            ? Training(method, data, training, spec.Seed ?? throw new ArgumentException("a training has a seed", nameof(spec))) : new JsonObject { ["seed"] = spec.Seed };
        trial.Insert(0, "model", new JsonObject { ["name"] = spec.Model.Name, ["path"] = spec.Model.Reference, ["load"] = spec.Model.Load });
        trial["cot"] = new JsonObject { ["name"] = spec.Cot.Name, ["cue"] = spec.Cot.Cue };
        if (spec.Cot.Language is { } language) trial["cot"]!["language"] = language;
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
