using System.CommandLine;
using System.Diagnostics;
using AlpacaCot.Adapters;
using AlpacaCot.Adapters.AdaLora;
using AlpacaCot.Adapters.Bottleneck;
using AlpacaCot.Adapters.Ia3;
using AlpacaCot.Adapters.LnTuning;
using AlpacaCot.Adapters.Loha;
using AlpacaCot.Adapters.Lora;
using AlpacaCot.Adapters.Oft;
using AlpacaCot.Adapters.Prefix;
using AlpacaCot.Adapters.PromptTuning;
using AlpacaCot.Adapters.PTuning;
using AlpacaCot.Adapters.Vera;
using AlpacaCot.Data;
using AlpacaCot.Kernels.Native;
using AlpacaCot.Models;

namespace AlpacaCot.Benchmarks;

/// <summary>Several adapters on one base: together in one pack, and one after the other.</summary>
internal static class CoTrainingBenchmark
{
    private const int Mixed = 8;

    /// <summary>The command.</summary>
    public static Command Command()
    {
        var shape = new Shape.ShapeOptions();
        Option<int> members = Options.Count("--members", "Adapters that are trained", 4), steps = Options.Count("--steps", "Counted steps of each", 8), batch = Options.Count("--batch", "Rows of a step of each", 8),
            cutoff = Options.Count("--cutoff-len", "Most tokens of a row", 512, 2), rank = Options.Count("--rank", "LoRA's rank, on q and v", 8), threads = Options.Threads();
        var profiled = Profile.Option();
        Option<string> precision = Options.Precision(), device = Options.Device(profiled);
        var mixed = new Option<bool>("--mixed") { Description = "Members take the first eight of --methods in turn, unless it names some" };
        string[] known = [.. Methods(1, 1).Keys];
        var named = new Option<string[]>("--methods") { Description = $"Members take these in turn: {string.Join(", ", known)} (lora)", AllowMultipleArgumentsPerToken = true };
        named.AcceptOnlyFromAmong(known);
        var command = new Command("cotraining", "The same adapters trained together and one after the other: tokens per second of both, and their ratio") { members, steps, batch, cutoff, rank, mixed, named, precision, device, threads, profiled };
        shape.AddTo(command);
        command.SetAction(parsed =>
        {
            LibTorch.Load();
            Threads.Count = parsed.GetValue(threads); // before the weights are drawn
            var config = shape.Read(parsed).Config();
            var (count, size, rows) = (parsed.GetValue(steps), parsed.GetValue(batch), parsed.GetValue(rank));
            var all = TrainingRows.MadeUp(count * size * parsed.GetValue(members), parsed.GetValue(cutoff), config.VocabularySize);
            List<IReadOnlyList<Example>> each = [.. all.Chunk(count * size)];
            using var generator = new Generator(0);
            using var decoder = Decoder.CreateRandom(config, generator, Options.TypeOf(parsed.GetValue(precision)!), Options.DeviceOf(parsed.GetValue(device)!), Options.StorageOf(parsed.GetValue(precision)!));
            var methods = Methods(rows, count);
            string[] names = parsed.GetValue(named) is { Length: > 0 } some ? some : parsed.GetValue(mixed) ? [.. methods.Keys.Take(Mixed)] : ["lora"];
            List<(IReadOnlyList<Example> Rows, AdapterConfig Config)> pack = [.. each.Select((own, i) => (own, methods[names[i % names.Length]]))];
            TrainingBenchmark.Train(decoder, [pack[0]], size, 1); // not counted
            // One after the other first: the process' largest size can only grow.
            var (alone, aloneProcessor) = Seconds(() => pack.ForEach(own => TrainingBenchmark.Train(decoder, [own], size, count)));
            var alonePeak = TrainingBenchmark.PeakRssMb();
            var (together, togetherProcessor) = Seconds(() => TrainingBenchmark.Train(decoder, pack, size, count));
            long tokens = all.Sum(row => (long)row.Ids.Length);
            Options.Print(parsed, new
            {
                benchmark = "cotraining", members = each.Count, tokens_per_s = Math.Round(tokens / together, 1), alone_tokens_per_s = Math.Round(tokens / alone, 1), speedup = Math.Round(alone / together, 3),
                processor_speedup = Math.Round(aloneProcessor / togetherProcessor, 3),
                mixed = parsed.GetValue(mixed), methods = string.Join(' ', names), alone_peak_rss_mb = Math.Round(alonePeak), peak_rss_mb = Math.Round(TrainingBenchmark.PeakRssMb()), steps = count, precision = parsed.GetValue(precision), device = parsed.GetValue(device), threads = parsed.GetValue(threads),
            });
            if (parsed.GetValue(profiled)) Profile.Of(() => TrainingBenchmark.Train(decoder, pack, size, count)).Print(parsed, decoder, (int)Math.Min(tokens / count, 4096), parsed.GetValue(threads));
        });
        return command;
    }

    private static OrderedDictionary<string, AdapterConfig> Methods(int rank, int steps) => new(StringComparer.Ordinal)
    {
        ["lora"] = new LoraConfig { R = rank, Alpha = 2 * rank, TargetModules = ModuleSelection.Of("q_proj", "v_proj") },
        ["ia3"] = new Ia3Config(),
        ["adalora"] = new AdaLoraConfig { InitR = rank, TargetR = Math.Max(1, rank / 2), TotalStep = steps + 2 },
        ["prefix"] = new PrefixConfig { VirtualTokens = 20 },
        ["prompt"] = new PromptTuningConfig { VirtualTokens = 20 },
        ["p_tuning"] = new PTuningConfig { VirtualTokens = 20, EncoderHidden = 128 },
        ["adapter_h"] = new BottleneckConfig { Size = 32 },
        ["adapter_parallel"] = new BottleneckConfig { Size = 32, Parallel = true },
        ["dora"] = new LoraConfig { R = rank, Alpha = 2 * rank, UseDora = true, TargetModules = ModuleSelection.Of("q_proj", "v_proj") },
        ["vera"] = new VeraConfig(),
        ["loha"] = new LohaConfig(),
        ["oft"] = new OftConfig(),
        ["ln_tuning"] = new LnTuningConfig(),
    };

    // By the clock, and of the processor: the latter tells what is saved on a machine that has other things to do too.
    private static (double Clock, double Processor) Seconds(Action work)
    {
        var (clock, before) = (Stopwatch.StartNew(), Environment.CpuUsage.TotalTime);
        work();
        return (clock.Elapsed.TotalSeconds, (Environment.CpuUsage.TotalTime - before).TotalSeconds);
    }
}
