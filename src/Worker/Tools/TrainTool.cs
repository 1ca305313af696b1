using System.Text.Json;
using System.Text.Json.Nodes;
using AlpacaCot.Files;
using AlpacaCot.Adapters;
using AlpacaCot.Data.Catalogue;
using AlpacaCot.Worker.Jobs;
using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Worker.Tools;

/// <summary><c>train</c>: one adapter on one base, through the same pack that sweeps run.</summary>
internal static class TrainTool
{
    /// <summary>Runs the tool.</summary>
    public static void Run(ToolOptions options, ToolJob job, JobContext context)
    {
        var (model, output) = (options.Text("model"), Path.GetFullPath(options.Text("out")));
        var method = options.TextOrNull("method") ?? "lora";
        if (AdapterMethods.Known.All(known => !known.Equals(method, StringComparison.OrdinalIgnoreCase)))
            throw new ToolException($"method '{method}' is unknown; known are {string.Join(", ", AdapterMethods.Known.Select(known => known.ToLowerInvariant()))}");
        var data = DataTool.Spec(options.Texts("data"), options.TextOrNull("template"), rationale: null);
        var config = new JsonObject { ["peft_type"] = method.ToUpperInvariant(), ["task_type"] = "CAUSAL_LM" };
        void Set(string name, JsonNode? value)
        {
            if (value is not null) config[name] = value;
        }
        Set("r", options.CountOrNull("r"));
        Set("lora_alpha", options.RangeOrNull("alpha", 0, double.MaxValue, above: true));
        Set("lora_dropout", options.RangeOrNull("dropout", 0, 0.95));
        if (options.Texts("targets") is { Count: > 0 } words)
        {
            var targets = ModuleSelection.OfWords(words);
            Set("target_modules", targets.Names is { } names ? new JsonArray([.. names.Select(name => (JsonNode)name)]) : targets.Pattern);
        }
        if (method == "ia3" && (config.ContainsKey("r") || config.ContainsKey("lora_alpha") || config.ContainsKey("lora_dropout")))
            throw new ToolException("ia3 has no --r, --alpha or --dropout");
        var training = new JsonObject
        {
            // The bounds are those of a sweep file's training section.
            ["learning_rate"] = options.RangeOrNull("learning_rate", 0, 10, above: true) ?? throw new ToolException("--learning-rate is missing"),
            ["epochs"] = options.RangeOrNull("epochs", 0, 10_000, above: true) ?? 3,
            ["max_steps"] = options.CountOrNull("max_steps"),
            ["batch_size"] = options.Count("batch_size", 16),
            ["cutoff_len"] = options.Count("cutoff_len", 512, least: 8),
            ["schedule"] = options.TextOrNull("schedule") ?? "linear",
            ["warmup_ratio"] = options.RangeOrNull("warmup_ratio", 0, 1) ?? 0,
        };
        if ((string?)training["schedule"] == "constant" && (double)training["warmup_ratio"]! > 0)
            throw new ToolException("--schedule constant has no warm-up: use constant_with_warmup, or leave --warmup-ratio out");
        var precision = options.TextOrNull("precision") ?? "bf16";
        var seed = options.Long("seed", 0);
        var threads = options.Count("threads", Environment.ProcessorCount);
        options.Done();
        ModelTools.RequireNew(output);

        const string name = "adapter";
        var work = $"{output}.partial-{Environment.ProcessId}";
        var pack = new TrainJob
        {
            Base = new BaseModel(ModelPlaces.Resolve(model, job.Folders), precision),
            Members =
            [
                new PackMember
                {
                    Name = name, Peft = JsonSerializer.SerializeToElement(new JsonObject { ["config"] = config }), Data = JsonDocument.Parse(DataSpecJson.Write(data)).RootElement,
                    Training = JsonSerializer.SerializeToElement(training), Seed = seed,
                },
            ],
            Directory = work, BaseDirectory = Environment.CurrentDirectory, Threads = threads, Folders = job.Folders,
        };
        TrainedEvent? trained = null;
        try
        {
            new TrainRunner(pack, context with { Send = news => { if (news is TrainedEvent e) trained = e; else if (news is not CheckpointEvent) context.Send(news); } }, context.Remark).Run();
            // Why it was not trained has been told.
            if (trained is null) return;
            AtomicFile.WriteDirectory(output, folder =>
            {
                foreach (var file in Directory.EnumerateFiles(Path.Combine(work, name))) File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
            });
        }
        finally
        {
            if (Directory.Exists(work)) Directory.Delete(work, recursive: true);
        }
        context.Answer(
            new { @out = output, steps = trained.Steps, final_loss = trained.FinalLoss, seconds = Math.Round(trained.Seconds, 2), learning_rate = (double)training["learning_rate"]!, tokens = trained.Tokens },
            FormattableString.Invariant($"{trained.Steps} steps in {trained.Seconds:0.0} s, final loss {trained.FinalLoss:0.0000}\n{output}"));
    }
}
