using System.Text.Json;
using System.Text.Json.Nodes;
using AlpacaCot.Evaluation.Suites;
using AlpacaCot.Specs;

namespace AlpacaCot.Evaluation.Tests;

/// <summary>Evaluations written as one object, options beside the keys that every evaluation has.</summary>
internal static class Declared
{
    public static ISuite Suite(string declaration, params string[] roots) => Suite(JsonNode.Parse(declaration)!.AsObject(), roots);

    public static ISuite Suite(JsonObject declaration, params string[] roots)
    {
        var options = declaration.Where(key => key.Key is not ("suite" or "name" or "few_shot"))
            .ToDictionary(key => key.Key, key => JsonSerializer.SerializeToElement(key.Value), StringComparer.Ordinal);
        var suite = declaration["suite"]?.GetValue<string>() ?? "";
        return SuiteRegistry.Create(
            new EvaluationSpec { Name = declaration["name"]?.GetValue<string>() ?? suite, Suite = suite, FewShot = declaration["few_shot"]?.GetValue<int>() ?? 0, Options = options }, roots);
    }
}
