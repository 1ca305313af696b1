using AlpacaCot.Experiments.Aggregation;

namespace AlpacaCot.Experiments.Reporting;

/// <summary>What the data mixes became, as a table.</summary>
internal static class DataArmTable
{
    public static IReadOnlyList<string> Head { get; } =
        ["data", "models", "template", "rows", "kept", "dropped", "cut", "duplicates", "examples", "tokens", "supervised tokens", "training cue", "matched with"];

    public static IEnumerable<string> Row(DataArm arm) =>
    [
        arm.Data, string.Join(", ", arm.Models), arm.Template, Numbers.Count(arm.Rows), Numbers.Count(arm.Kept),
        arm.Dropped.Count == 0 ? "0" : string.Join(", ", arm.Dropped.Select(d => $"{Numbers.Count(d.Value)} {d.Key}")), Numbers.Count(arm.Cut), Numbers.Count(arm.Duplicates), Numbers.Count(arm.Examples),
        Numbers.Count(arm.Tokens), Numbers.Count(arm.SupervisedTokens),
        string.Join(", ", arm.TrainingCues) + (arm.Cues.Count == 0 ? "" : $": {string.Join(", ", arm.Cues.Select(c => $"{Numbers.Count(c.Value)} × “{c.Key}”"))}"), string.Join(", ", arm.MatchedWith),
    ];
}
