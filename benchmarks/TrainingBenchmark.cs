using System.CommandLine;
using System.Diagnostics;
using AlpacaCot.Adapters;
using AlpacaCot.Adapters.Lora;
using AlpacaCot.Data;
using AlpacaCot.Files;
using AlpacaCot.Kernels.Native;
using AlpacaCot.Models;
using AlpacaCot.Specs;
using AlpacaCot.Training;

namespace AlpacaCot.Benchmarks;

/// <summary>LoRA fine-tuning of a random decoder on rows of ids, through the trainer that trials use.</summary>
internal static class TrainingBenchmark
{
    /// <summary>The command.</summary>
    public static Command Command()
    {
        var shape = new Shape.ShapeOptions();
        var rows = Options.File("--rows", "JSON file of rows {\"ids\", \"labels\"}, an array or one a line; made-up rows otherwise");
        Option<int> steps = Options.Count("--steps", "Counted steps", 12), batch = Options.Count("--batch", "Rows of a step", 8), cutoff = Options.Count("--cutoff-len", "Most tokens of a row", 512, 2),
            rank = Options.Count("--rank", "LoRA's rank", 8), threads = Options.Threads();
        var dropout = Options.Dropout();
        var profiled = Profile.Option();
        Option<string> precision = Options.Precision(), device = Options.Device(profiled);
        var targets = new Option<string[]>("--targets") { Description = "Projections that LoRA adapts (q_proj v_proj)", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => ["q_proj", "v_proj"] };
        var command = new Command("training", "LoRA training of a 40 M-parameter LLaMA: real tokens per second, and the share of the time that matrix products alone would take") { rows, steps, batch, cutoff, rank, targets, dropout, precision, device, threads, profiled };
        shape.AddTo(command);
        command.SetAction(parsed =>
        {
            LibTorch.Load();
            Threads.Count = parsed.GetValue(threads); // before the weights are drawn
            var config = shape.Read(parsed).Config();
            var (count, size) = (parsed.GetValue(steps), parsed.GetValue(batch));
            var adapter = Lora(parsed.GetValue(rank)) with { Dropout = parsed.GetValue(dropout), TargetModules = ModuleSelection.Of(parsed.GetValue(targets)!) };
            var examples = parsed.GetValue(rows) is { } file
                ? TrainingRows.Read(file, count * size, parsed.GetValue(cutoff), config.VocabularySize) : TrainingRows.MadeUp(count * size, parsed.GetValue(cutoff), config.VocabularySize);
            using var generator = new Generator(0);
            using var decoder = Decoder.CreateRandom(config, generator, Options.TypeOf(parsed.GetValue(precision)!), Options.DeviceOf(parsed.GetValue(device)!), Options.StorageOf(parsed.GetValue(precision)!));

            Train(decoder, [.. examples.OrderByDescending(row => row.Ids.Length).Take(size)], size, 1, adapter); // not counted
            var clock = Stopwatch.StartNew();
            var losses = Train(decoder, examples, size, count, adapter)[0].Losses;
            var seconds = clock.Elapsed.TotalSeconds;

            var profile = parsed.GetValue(profiled) ? Profile.Of(() => Train(decoder, examples, size, count, adapter)) : null;
            long tokens = examples.Sum(row => (long)row.Ids.Length), supervised = examples.Sum(Learnt);
            var together = (int)Math.Min(tokens / count, 4096);
            Options.Print(parsed, new
            {
                benchmark = "training", tokens_per_s = Math.Round(tokens / seconds, 1), supervised_per_s = Math.Round(supervised / seconds, 1), step_ms = Math.Round(1000 * seconds / count, 3),
                gemm_limit_share = Math.Round(Products(decoder, tokens, supervised) / Profile.ProductsPerSecond(decoder, together) / seconds, 3), peak_rss_mb = Math.Round(PeakRssMb()),
                first_loss = losses[0], last_loss = losses[^1], mean_loss = losses.Average(), losses = losses.Select(loss => Math.Round(loss, 5)), steps = count, precision = parsed.GetValue(precision), device = parsed.GetValue(device), threads = parsed.GetValue(threads),
            });
            profile?.Print(parsed, decoder, together, parsed.GetValue(threads));
        });
        return command;
    }

    // Trains an adapter on the rows.
    private static IReadOnlyList<MemberResult> Train(Decoder decoder, IReadOnlyList<Example> rows, int batch, int steps, AdapterConfig adapter) => Train(decoder, [(rows, adapter)], batch, steps);

    /// <summary>LoRA on q and v.</summary>
    public static LoraConfig Lora(int rank) => new() { R = rank, Alpha = 2 * rank, TargetModules = ModuleSelection.Of("q_proj", "v_proj") };

    /// <summary>Trains adapters of any methods together.</summary>
    public static IReadOnlyList<MemberResult> Train(Decoder decoder, IReadOnlyList<(IReadOnlyList<Example> Rows, AdapterConfig Config)> each, int batch, int steps)
    {
        var adapters = new List<Adapter>();
        try
        {
            var settings = new TrainingSpec { LearningRate = 3e-4, BatchSize = batch, MaxSteps = steps, Schedule = TrainingSpec.Constant, WeightDecay = 0.01 };
            var members = new List<TrainingMember>();
            foreach (var (own, config) in each)
            {
                using var generator = new Generator((ulong)(1 + adapters.Count));
                adapters.Add(AdapterFactory.Create(decoder, config, generator));
                members.Add(new TrainingMember($"benchmark-{adapters.Count}", adapters[^1], own, settings, (ulong)adapters.Count) { Order = RowOrder.Sequential });
            }
            using var trainer = new CoTrainer(decoder, members, new CoTrainerOptions());
            return trainer.Run();
        }
        finally
        {
            foreach (var adapter in adapters) adapter.Dispose();
        }
    }

    /// <summary>Tokens of a row that carry loss.</summary>
    public static long Learnt(Example row) => row.Labels.Skip(1).Count(label => label != Example.Ignored);

    /// <summary>Largest resident size of the process so far, MiB.</summary>
    public static double PeakRssMb() => PeakMemory.OfProcess(Environment.ProcessId) / 1048576.0;

    /// <summary>Operations that the base's products take: forward through every projection, and back through those above the first block's adapters; the head where there is loss. Attention and adapters are left out.</summary>
    private static double Products(Decoder decoder, long tokens, long supervised)
    {
        var weights = decoder.Projections.Sum(site => (double)site.Weights.In * site.Weights.Out);
        return 4 * (tokens * weights + supervised * (double)decoder.Config.VocabularySize * decoder.Config.HiddenSize);
    }
}
