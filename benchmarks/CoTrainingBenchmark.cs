using System.CommandLine;
using System.Diagnostics;
using AlpacaCot.Data;
using AlpacaCot.Kernels.Native;
using AlpacaCot.Models;

namespace AlpacaCot.Benchmarks;

/// <summary>Several adapters on one base: together in one pack, and one after the other.</summary>
internal static class CoTrainingBenchmark
{
    /// <summary>The command.</summary>
    public static Command Command()
    {
        var shape = new Shape.ShapeOptions();
        Option<int> members = Options.Count("--members", "Adapters that are trained", 4), steps = Options.Count("--steps", "Counted steps of each", 8), batch = Options.Count("--batch", "Rows of a step of each", 8),
            cutoff = Options.Count("--cutoff-len", "Most tokens of a row", 512, 2), rank = Options.Count("--rank", "LoRA's rank, on q and v", 8), threads = Options.Threads();
        var precision = Options.Precision();
        var command = new Command("cotraining", "The same adapters trained together and one after the other: tokens per second of both, and their ratio") { members, steps, batch, cutoff, rank, precision, threads };
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
            using var decoder = Decoder.CreateRandom(config, generator, Options.TypeOf(parsed.GetValue(precision)!));
            TrainingBenchmark.Train(decoder, [each[0]], size, 1, rows); // not counted
            var (together, alone) = (Seconds(() => TrainingBenchmark.Train(decoder, each, size, count, rows)), Seconds(() => each.ForEach(own => TrainingBenchmark.Train(decoder, [own], size, count, rows))));
            long tokens = all.Sum(row => (long)row.Ids.Length);
            Options.Print(parsed, new
            {
                benchmark = "cotraining", members = each.Count, tokens_per_s = Math.Round(tokens / together, 1), alone_tokens_per_s = Math.Round(tokens / alone, 1), speedup = Math.Round(alone / together, 3),
                peak_rss_mb = Math.Round(TrainingBenchmark.PeakRssMb()), steps = count, precision = parsed.GetValue(precision), threads = parsed.GetValue(threads),
            });
        });
        return command;
    }

    private static double Seconds(Action work)
    {
        var clock = Stopwatch.StartNew();
        work();
        return clock.Elapsed.TotalSeconds;
    }
}
