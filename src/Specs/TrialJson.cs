using System.Text.Json;
using System.Text.Json.Nodes;
using AlpacaCot.Specs.Methods;

namespace AlpacaCot.Specs;

/// <summary>The parts of a spec as a worker gets them: keys as in the sweep file, everything that falls back resolved.</summary>
public static class TrialJson
{
    /// <summary>A base: <c>name</c>, <c>path</c> or <c>hub</c> (and <c>revision</c>), <c>load</c> resolved.</summary>
    public static JsonElement Model(SweepSpec spec, ModelSpec model) => Element(new JsonObject
    {
        ["name"] = model.Name, ["path"] = model.Path, ["hub"] = model.Hub, ["revision"] = model.Revision, ["load"] = spec.LoadOf(model),
    });

    /// <summary>
    /// A data mix: <c>name</c>, <c>sources</c>, <c>template</c>, <c>language</c>, <c>cot</c>; template and language resolved, paths as written.
    /// </summary>
    public static JsonElement Data(SweepSpec spec, DataSpec data) => Element(SweepSpecJson.Data(data, spec.TemplateOf(data), spec.LanguageOf(data)));

    /// <summary>
    /// An adapter: <c>name</c>, <c>method</c>, <c>learning_rate</c> and <c>config</c>, the fields of its <c>adapter_config.json</c> with defaults
    /// filled in.
    /// </summary>
    public static JsonElement Peft(MethodSpec peft, double learningRate) => Element(new JsonObject
    {
        ["name"] = peft.Name, ["method"] = peft.Method, ["learning_rate"] = learningRate, ["config"] = MethodCatalogue.AdapterConfig(peft),
    });

    /// <summary>The training section with every default and the trial's learning rate.</summary>
    public static JsonElement Training(TrainingSpec training, double learningRate)
    {
        var node = SweepSpecJson.Training(training);
        node["learning_rate"] = learningRate;
        return Element(node);
    }

    /// <summary>How the trial is asked: <c>name</c>, <c>cue</c> (null as it is).</summary>
    public static JsonElement Cot(CotSpec cot) => Element(new JsonObject { ["name"] = cot.Name, ["cue"] = cot.Cue });

    /// <summary>The decoding section with every default.</summary>
    public static JsonElement Decoding(DecodingSpec decoding) => Element(SweepSpecJson.Decoding(decoding));

    /// <summary>A list of evaluations: <c>name</c>, <c>suite</c>, <c>limit</c>, <c>few_shot</c>, <c>options</c>.</summary>
    public static JsonElement Evaluation(IEnumerable<EvaluationSpec> evaluations)
        => JsonSerializer.SerializeToElement(new JsonArray([.. evaluations.Select(SweepSpecJson.Evaluation)]));

    private static JsonElement Element(JsonObject node) => JsonSerializer.SerializeToElement(node);
}
