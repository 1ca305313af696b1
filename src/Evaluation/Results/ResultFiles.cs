using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using AlpacaCot.Evaluation.Python;
using AlpacaCot.Files;
using AlpacaCot.Specs.Suites;
using AlpacaCot.Statistics;
using AlpacaCot.Tokenizers;

namespace AlpacaCot.Evaluation.Results;

/// <summary>Where the files of a run lie.</summary>
/// <param name="Results">The results file.</param>
/// <param name="Samples">The samples file of each suite, by suite.</param>
public sealed record ResultPaths(string Results, IReadOnlyDictionary<string, string> Samples);

/// <summary>
/// Writes what lm-eval-harness 0.4 writes: <c>results_&lt;time&gt;.json</c> and <c>samples_&lt;suite&gt;_&lt;time&gt;.jsonl</c> in a folder named after the model.
/// Samples come first and every file appears whole, so a results file never names samples that are missing.
/// </summary>
public static partial class ResultFiles
{
    /// <summary>Writes the files of a run under a folder.</summary>
    /// <param name="folder">The output folder.</param>
    /// <param name="run">Which model was asked, and how.</param>
    /// <param name="results">What the suites found out.</param>
    /// <param name="elapsed">How long it took.</param>
    /// <param name="time">Gives the date and the time in the names (UTC).</param>
    /// <exception cref="EvaluationException">A file cannot be written.</exception>
    public static ResultPaths Write(string folder, RunDescription run, IReadOnlyList<SuiteResult> results, TimeSpan elapsed, TimeProvider time)
    {
        var now = time.GetUtcNow();
        var stamp = now.ToString("yyyy-MM-dd'T'HH-mm-ss.ffffff", CultureInfo.InvariantCulture);
        var home = Path.Combine(folder, Sanitise(run.ModelName));
        try
        {
            Directory.CreateDirectory(home);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new EvaluationException($"{home}: cannot be created: {e.Message}", e);
        }
        var samples = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var result in results)
        {
            var path = Path.Combine(home, $"samples_{Sanitise(result.Suite)}_{stamp}.jsonl");
            AtomicFile.WriteAllText(path, string.Concat(result.Samples.Select(s => s.ToLine() + "\n")));
            samples[result.Suite] = path;
        }
        var file = Path.Combine(home, $"results_{stamp}.json");
        AtomicFile.WriteAllText(file, PythonJson.Dumps(ToJson(run, results, elapsed, now), 2));
        return new ResultPaths(file, samples);
    }

    /// <summary>A name as a folder: runs of <c>" &lt; &gt; : / | \ ? * [ ]</c> become <c>__</c>.</summary>
    public static string Sanitise(string name) => Forbidden().Replace(name, "__");

    /// <summary>The results document.</summary>
    internal static JsonObject ToJson(RunDescription run, IReadOnlyList<SuiteResult> results, TimeSpan elapsed, DateTimeOffset now)
    {
        var figures = new JsonObject();
        var groups = new JsonObject();
        var subtasks = new JsonObject();
        var configs = new JsonObject();
        var versions = new JsonObject();
        var shots = new JsonObject();
        var higher = new JsonObject();
        var counts = new JsonObject();
        var hashes = new JsonObject();
        foreach (var r in results)
        {
            figures[r.Suite] = Figures(r.Suite, r.Suite, r.Effective, r.Metrics);
            foreach (var cell in r.Cells) figures[$"{r.Suite}_{cell.Name}"] = Figures($"{r.Suite}_{cell.Name}", $" - {cell.Name}", cell.Count, cell.Metrics);
            if (r.Cells.Count > 0)
            {
                // A group's error is pooled from its parts', as lm-eval does where they are weighted by size.
                figures[r.Suite] = Figures(r.Suite, r.Suite, r.Effective, [.. r.Metrics.Select(m => m with { StandardError = Pooled(m, r.Cells) })]);
                var group = figures[r.Suite]!.DeepClone().AsObject();
                group["sample_count"] = new JsonObject(r.Metrics.Select(m => KeyValuePair.Create($"{m.Name},{m.Filter}", (JsonNode?)r.Effective)));
                groups[r.Suite] = group;
                subtasks[r.Suite] = new JsonArray([.. r.Cells.Select(c => JsonValue.Create($"{r.Suite}_{c.Name}"))]);
            }
            configs[r.Suite] = r.Configuration.ToJson();
            versions[r.Suite] = r.Version;
            shots[r.Suite] = r.FewShot;
            higher[r.Suite] = new JsonObject(r.Metrics.Select(m => m.Name).Distinct().Select(name
                => KeyValuePair.Create(name, (JsonNode?)r.Metrics.First(m => m.Name == name).HigherIsBetter)));
            counts[r.Suite] = new JsonObject { ["original"] = r.Original, ["effective"] = r.Effective };
            hashes[r.Suite] = r.Hash;
        }
        var document = new JsonObject { ["results"] = figures };
        if (groups.Count > 0) document["groups"] = groups;
        document["group_subtasks"] = subtasks;
        document["configs"] = configs;
        document["versions"] = versions;
        document["n-shot"] = shots;
        document["higher_is_better"] = higher;
        document["n-samples"] = counts;
        document["config"] = Config(run);
        document["git_hash"] = null;
        document["date"] = (now - DateTimeOffset.UnixEpoch).TotalSeconds;
        document["pretty_env_info"] = $"{RuntimeInformation.FrameworkDescription} on {RuntimeInformation.OSDescription} ({RuntimeInformation.ProcessArchitecture})";
        // These name versions of the tools that the format comes from; none of them ran.
        document["transformers_version"] = null;
        document["lm_eval_version"] = null;
        document["upper_git_hash"] = null;
        document["tokenizer_pad_token"] = Token(run, run.Tokenizer?.PadId);
        document["tokenizer_eos_token"] = Token(run, run.Tokenizer?.EosId);
        document["tokenizer_bos_token"] = Token(run, run.Tokenizer?.BosId);
        document["eot_token_id"] = run.Tokenizer?.EosId;
        document["max_length"] = run.MaxLength;
        document["task_hashes"] = hashes;
        // Not lm-eval's: what a reader should know before believing a figure, and why a figure is null.
        document["remarks"] = new JsonObject(results.Select(r => KeyValuePair.Create(r.Suite, (JsonNode?)new JsonArray([.. r.Remarks.Select(text => JsonValue.Create(text))]))));
        document["prompts_cut"] = new JsonObject(results.Select(r => KeyValuePair.Create(r.Suite, (JsonNode?)r.Prompts.TooLong)));
        document["answers_at_limit"] = new JsonObject(results.Where(r => r.AtLimit is not null).Select(r => KeyValuePair.Create(r.Suite, (JsonNode?)r.AtLimit)));
        document["model_source"] = "alpacacot";
        document["model_name"] = run.ModelName;
        document["model_name_sanitized"] = Sanitise(run.ModelName);
        document["system_instruction"] = null;
        document["system_instruction_sha"] = null;
        document["fewshot_as_multiturn"] = false;
        document["chat_template"] = run.Template;
        document["chat_template_sha"] = run.Template is null ? null : PythonJson.Hash(run.Template);
        document["total_evaluation_time_seconds"] = PythonValues.Repr(elapsed.TotalSeconds);
        return document;
    }

    private static JsonObject Figures(string name, string alias, int count, IReadOnlyList<MetricResult> metrics)
    {
        var figures = new JsonObject { ["name"] = name, ["alias"] = alias, ["sample_len"] = count };
        foreach (var m in metrics)
        {
            figures[$"{m.Name},{m.Filter}"] = m.Value;
            figures[$"{m.Name}_stderr,{m.Filter}"] = m.StandardError is { } error ? JsonValue.Create(error) : JsonValue.Create("N/A");
        }
        return figures;
    }

    private static double? Pooled(MetricResult metric, IReadOnlyList<CellResult> cells)
    {
        var errors = cells.Select(c => c.Metrics.First(m => m.Name == metric.Name && m.Filter == metric.Filter).StandardError).ToList();
        return metric.StandardError is null || errors.Any(e => e is null) ? metric.StandardError : HarnessErrors.Pooled([.. errors.Select(e => e!.Value)], [.. cells.Select(c => c.Count)]);
    }

    private static JsonObject Config(RunDescription run)
    {
        var config = new JsonObject
        {
            ["model"] = "alpacacot",
            ["model_args"] = run.ModelArguments,
            ["model_num_parameters"] = run.Parameters,
            ["model_dtype"] = run.Dtype,
            ["model_revision"] = null,
            ["model_sha"] = "",
            ["batch_size"] = "auto",
            ["batch_sizes"] = new JsonArray(),
            ["device"] = run.Device,
            ["use_cache"] = null,
            ["limit"] = null,
            ["bootstrap_iters"] = SuiteCatalogue.BootstrapIterations,
            ["gen_kwargs"] = null,
            ["random_seed"] = 0,
            ["numpy_seed"] = 1234,
            ["torch_seed"] = 1234,
            ["fewshot_seed"] = SuiteCatalogue.DefaultSeed,
            ["cue"] = run.Cue,
        };
        return config;
    }

    private static JsonArray Token(RunDescription run, int? id)
        => id is { } known ? [run.Tokenizer!.Token(known), known.ToString(CultureInfo.InvariantCulture)] : [null, "None"];

    [GeneratedRegex("[\"<>:/|\\\\?*\\[\\]]+")]
    private static partial Regex Forbidden();
}
