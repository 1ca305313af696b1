using AlpacaCot.Specs.Suites;

namespace AlpacaCot.Specs.Parsing;

/// <summary>Reads the sections <c>evaluation</c> and <c>search</c>.</summary>
internal static class AskingParser
{
    /// <summary>Reads the list <c>evaluation</c>.</summary>
    public static IReadOnlyList<EvaluationSpec> Evaluation(MapReader top) => AxisParser.Values(top, "evaluation", (node, path, names) =>
    {
        if (node is YamlScalar { IsNull: false } scalar)
            return new EvaluationSpec { Name = names.Made(scalar.Value, "suite", node.Mark), Suite = scalar.Value };
        var reader = new MapReader(node, path, top.Log);
        var suite = reader.Text("suite");
        var evaluation = new EvaluationSpec
        {
            Name = AxisParser.Name(reader, names, suite ?? "suite", "suite"),
            Suite = suite ?? "",
            Limit = Limit(reader),
            FewShot = FewShot(reader),
            Options = AxisParser.Options(reader),
        };
        reader.Finish();
        if (!reader.Has("suite")) reader.Log.Error(reader.Mark, reader.At("suite"), "this key is missing", "add suite: goat-arithmetic");
        return evaluation;
    });

    /// <summary>Most items of a suite.</summary>
    public static int? Limit(MapReader reader) => reader.Integer("limit", 1);

    /// <summary>Solved examples before each question.</summary>
    public static int FewShot(MapReader reader) => reader.Integer("few_shot", 0, CommonOptions.MostFewShot) ?? 0;

    /// <summary>Reads the section <c>search</c>.</summary>
    public static SearchSpec Search(MapReader reader)
    {
        var search = new SearchSpec
        {
            Scheduler = reader.Choice("scheduler", ["asha"]) ?? "asha",
            Reduction = reader.Integer("reduction", 2, 1000) ?? 3,
            GraceSteps = reader.Integer("grace_steps", 1) ?? 50,
            Metric = reader.Text("metric") ?? "",
            Mode = reader.Choice("mode", ["max", "min"]) ?? "max",
        };
        reader.Finish();
        reader.Log.Error(reader.Mark, reader.Path, "search is not built yet: every trial trains to its end", "remove this section");
        if (!reader.Has("scheduler")) reader.Log.Error(reader.Mark, reader.At("scheduler"), "this key is missing", "add scheduler: asha");
        if (!reader.Has("metric"))
            reader.Log.Error(reader.Mark, reader.At("metric"), "this key is missing", "add metric: goat-arithmetic/exact_match");
        return search;
    }
}
