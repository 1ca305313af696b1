using System.Globalization;
using System.Text.Json;
using AlpacaCot.Grains.Contracts;
using AlpacaCot.Specs;

namespace AlpacaCot.Client.Running;

/// <summary>The commands that use a trial's model: to ask it, to merge it, to evaluate it again as the sweep did.</summary>
/// <param name="Ask">Asks it through its server; null where it is not trained.</param>
/// <param name="Merge">Merges its adapter into its base; null where it has none.</param>
/// <param name="Evaluate">One command an evaluation of the sweep.</param>
internal sealed record TrialCommands(string? Ask, string? Merge, IReadOnlyList<string> Evaluate)
{
    private const string Program = "./alpacacot";

    /// <summary>The commands for a trial of a sweep.</summary>
    /// <param name="sweep">The sweep.</param>
    /// <param name="spec">Its specification.</param>
    /// <param name="trial">The trial.</param>
    /// <param name="model">Where its base is.</param>
    /// <param name="seed">The trial's seed.</param>
    public static TrialCommands Of(SweepName sweep, SweepSpec spec, TrialDetails trial, string model, long seed)
    {
        if (trial.Adapter is not { } adapter) return new TrialCommands(null, null, []);
        var merged = $"{sweep.Name}-{trial.Trial.Name}".Replace('+', '-');
        return new TrialCommands(
            Line(["sweep", "ask", sweep.Name, trial.Trial.Name, .. Experiment(sweep), "--prompt", "2 + 3"]),
            Line("merge", "--model", model, "--adapter", adapter, "--out", merged),
            [.. spec.Evaluation.Select(evaluation => Line(["eval", "--model", model, "--adapter", adapter, "--precision", trial.Precision, .. Asked(evaluation, spec.Decoding, trial.Cue, seed)]))]);
    }

    /// <summary>A command as a shell takes it.</summary>
    public static string Line(params IReadOnlyList<string> words) => string.Join(' ', words.Prepend(Program).Select(Quoted));

    private static IEnumerable<string> Experiment(SweepName sweep) => sweep.Experiment == SweepName.DefaultExperiment ? [] : ["--experiment", sweep.Experiment];

    private static IEnumerable<string> Asked(EvaluationSpec evaluation, DecodingSpec decoding, string? cue, long seed)
    {
        static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);
        yield return "--suite";
        yield return evaluation.Suite;
        if (evaluation.Limit is { } limit) foreach (var word in (string[])["--limit", Number(limit)]) yield return word;
        if (evaluation.FewShot > 0) foreach (var word in (string[])["--few-shot", Number(evaluation.FewShot)]) yield return word;
        if (evaluation.Options.Count > 0) foreach (var word in (string[])["--suite-options", JsonSerializer.Serialize(evaluation.Options, ClientJson.Options)]) yield return word;
        if (cue is not null) foreach (var word in (string[])["--cue", cue]) yield return word;
        foreach (var word in (string[])["--max-new-tokens", Number(decoding.MaxNewTokens)]) yield return word;
        if (decoding.RepetitionPenalty != 1) foreach (var word in (string[])["--repetition-penalty", Number(decoding.RepetitionPenalty)]) yield return word;
        if (decoding.Stop.Count > 0) foreach (var word in decoding.Stop.Prepend("--stop")) yield return word;
        if (decoding.Strategy != DecodingSpec.Sample) yield break;
        foreach (var word in (string[])["--temperature", Number(decoding.Temperature), "--top-p", Number(decoding.TopP), "--top-k", Number(decoding.TopK), "--seed", Number(seed)]) yield return word;
    }

    /// <summary>A word in quotes where a shell would take it for something else.</summary>
    private static string Quoted(string word)
        => word.Length > 0 && word.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or '/' or '+' or '=' or ':' or ',' or '@' or '%')
            ? word : $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
