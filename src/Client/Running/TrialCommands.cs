using System.Globalization;
using System.Text.Json;
using AlpacaCot.Client.Library;
using AlpacaCot.Files;
using AlpacaCot.Grains.Contracts;
using AlpacaCot.Specs;
using AlpacaCot.Specs.CommandLine;
using AlpacaCot.Specs.Methods;
using AlpacaCot.Specs.Suites;

namespace AlpacaCot.Client.Running;

/// <summary>The commands that use a trial's model: to ask it, to merge it, to evaluate it again as the sweep did.</summary>
/// <param name="Ask">Asks it through its server; null where it is not trained yet.</param>
/// <param name="Merge">Merges its adapter into its base; null where it has none, or is a whole model.</param>
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
        if (trial.Adapter is null && trial.Template is null) return new TrialCommands(null, null, []);
        var merged = $"{sweep.Name}-{trial.Trial.Name}".Replace('+', '-');
        // An untuned base has no adapter that would bring its template.
        // What trained the base itself left a whole model, which is asked by its own template.
        var whole = trial.Adapter is not null && trial.Configuration.Method is { } method && MethodCatalogue.Find(method.Method) is { TrainsBase: true };
        string[] asked = whole ? ["--model", trial.Adapter!] : trial.Adapter is { } adapter ? ["--model", model, "--adapter", adapter] : ["--model", model, "--template", trial.Template!];
        return new TrialCommands(
            Line(sweep, "ask", trial.Trial.Name, "--prompt", "2 + 3"),
            whole || trial.Adapter is null ? null : Line(["merge", .. asked, "--out", merged]),
            [.. spec.Evaluation.Select(evaluation => Line(["eval", .. asked, "--precision", trial.Precision, .. Asked(evaluation with { Options = WithFullPaths(evaluation, trial.BaseDirectory) }, spec.Decoding, trial.Cue, trial.Configuration.Cot.Language, seed)]))]);
    }

    /// <summary>A command as a shell takes it.</summary>
    public static string Line(params IReadOnlyList<string> words) => string.Join(' ', words.Prepend(Program).Select(Quoted));

    /// <summary>A command of <c>sweep</c> for one sweep, with its experiment where that is not the default.</summary>
    public static string Line(SweepName sweep, string verb, params IReadOnlyList<string> words)
        => Line(["sweep", verb, sweep.Name, .. words, .. sweep.Experiment == SweepName.DefaultExperiment ? (string[])[] : ["--experiment", sweep.Experiment]]);

    /// <summary>An evaluation's options with the files beside the sweep file by their whole paths: the command works in any folder.</summary>
    private static Dictionary<string, JsonElement> WithFullPaths(EvaluationSpec evaluation, string folder)
    {
        var places = new Places(folder);
        var suite = SuiteCatalogue.All.FirstOrDefault(suite => suite.Name == evaluation.Suite);
        return evaluation.Options.ToDictionary(
            option => option.Key, option => suite?.Option(option.Key)?.Kind is SuiteOptionKind.File or SuiteOptionKind.Files ? Full(option.Value) : option.Value, StringComparer.Ordinal);

        JsonElement Full(JsonElement value) => value.ValueKind switch
        {
            JsonValueKind.String => JsonSerializer.SerializeToElement(places.Find(value.GetString()!) ?? value.GetString()!),
            JsonValueKind.Array => JsonSerializer.SerializeToElement(value.EnumerateArray().Select(Full)),
            _ => value,
        };
    }

    private static IEnumerable<string> Asked(EvaluationSpec evaluation, DecodingSpec decoding, string? cue, string? language, long seed)
    {
        static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);
        yield return "--suite";
        yield return evaluation.Suite;
        if (evaluation.Limit is { } limit) foreach (var word in (string[])["--limit", Number(limit)]) yield return word;
        if (evaluation.FewShot > 0) foreach (var word in (string[])["--few-shot", Number(evaluation.FewShot)]) yield return word;
        if (evaluation.Options.Count > 0) foreach (var word in (string[])["--suite-options", JsonSerializer.Serialize(evaluation.Options, ClientJson.Options)]) yield return word;
        if (cue is not null) foreach (var word in (string[])["--cue", cue]) yield return word;
        if (language is not null) foreach (var word in (string[])["--prompt-language", language]) yield return word;
        foreach (var word in AskingOptions.WordsOf(decoding)) yield return word;
        if (decoding.Strategy == DecodingSpec.Sample) foreach (var word in (string[])["--seed", Number(seed)]) yield return word;
    }

    /// <summary>A word in quotes where a shell would take it for something else.</summary>
    private static string Quoted(string word)
        => word.Length > 0 && word.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or '/' or '+' or '=' or ':' or ',' or '@' or '%')
            ? word : $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
