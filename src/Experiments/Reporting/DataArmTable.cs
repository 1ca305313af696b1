using AlpacaCot.Experiments.Aggregation;

namespace AlpacaCot.Experiments.Reporting;

/// <summary>What the data mixes became, as a table.</summary>
internal static class DataArmTable
{
    private static readonly string[] _head =
        ["data", "models", "template", "rows", "kept", "dropped", "cut", "duplicates", "examples", "tokens", "supervised tokens", "training cue", "matched with"];

    /// <summary>The head and the rows, without columns that are empty in all of them.</summary>
    public static IReadOnlyList<IReadOnlyList<string>> Of(IReadOnlyList<DataArm> arms)
    {
        List<string[]> rows = [_head, .. arms.Select(arm => (string[])[.. Row(arm)])];
        return [.. rows.Select(row => (IReadOnlyList<string>)[.. row.Where((_, column) => rows.Skip(1).Any(of => of[column].Length > 0))])];
    }

    private static IEnumerable<string> Row(DataArm arm) =>
    [
        arm.Data, string.Join(", ", arm.Models), arm.Template, arm.Taken == arm.Rows ? Numbers.Count(arm.Rows) : $"{Numbers.Count(arm.Taken)} of {Numbers.Count(arm.Rows)}", Numbers.Count(arm.Kept),
        arm.Dropped.Count == 0 ? "0" : string.Join(", ", arm.Dropped.Select(d => $"{Numbers.Count(d.Value)} {d.Key}")), Numbers.Count(arm.Cut), Numbers.Count(arm.Duplicates), Numbers.Count(arm.Examples),
        Numbers.Count(arm.Tokens), Numbers.Count(arm.SupervisedTokens),
        string.Join(", ", arm.TrainingCues) + (arm.Cues.Count == 0 ? "" : $": {string.Join(", ", arm.Cues.Select(c => $"{Numbers.Count(c.Value)} × “{c.Key}”"))}"), string.Join(", ", arm.MatchedWith),
    ];
}
