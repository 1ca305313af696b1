using System.CommandLine;
using System.Diagnostics;
using AlpacaCot.Adapters;
using AlpacaCot.Data;
using AlpacaCot.Files;
using AlpacaCot.Kernels.Native;
using AlpacaCot.Models;

namespace AlpacaCot.Benchmarks;

/// <summary>What a trained token costs as one thing grows and all others stay: rows of a step, their length, adapters that are trained together, ids of the vocabulary.</summary>
internal static class GrowthBenchmark
{
    private const int Rank = 8, UsualLength = 256, UsualRows = 4;

    // A training takes this many tokens at least, so that its few steps are no noise.
    private const int Tokens = 8192;

    /// <summary>One thing that grows.</summary>
    /// <param name="Name">What <c>--of</c> calls it.</param>
    /// <param name="Sizes">Its sizes, ascending.</param>
    /// <param name="Setting">The setting of a size.</param>
    private sealed record Axis(string Name, int[] Sizes, Func<int, Setting> Setting);

    private readonly record struct Setting(int Rows, int Length, int Members, int? Vocabulary);

    private static readonly Axis[] _axes =
    [
        new("members", [1, 4, 16, 64], members => new Setting(1, UsualLength, members, null)), new("rows", [1, 4, 16, 64], rows => new Setting(rows, UsualLength, 1, null)),
        new("length", [512, 1024, 2048, 4096, 8192], length => new Setting(1, length, 1, null)), new("vocabulary", [4_000, 16_000, 64_000, 256_000], vocabulary => new Setting(UsualRows, UsualLength, 1, vocabulary)),
    ];

    /// <summary>The command.</summary>
    public static Command Command()
    {
        var shape = new Shape.ShapeOptions();
        var threads = Options.Threads();
        var precision = Options.Precision();
        var of = new Option<string[]>("--of") { Description = $"What grows: {string.Join(", ", _axes.Select(axis => axis.Name))}; repeatable (all)", AllowMultipleArgumentsPerToken = true };
        of.AcceptOnlyFromAmong([.. _axes.Select(axis => axis.Name)]);
        Option<int> most = Options.Count("--most", "Largest size that is measured", int.MaxValue), rounds = Options.Count("--rounds", "Trainings of a size, of which the quickest counts", 3);
        var picture = Options.File("--picture", "An SVG of all, written here");
        var command = new Command("growth", "What a trained token costs as rows, length, members or vocabulary grow") { of, most, rounds, precision, threads, picture };
        shape.AddTo(command);
        command.SetAction(parsed =>
        {
            LibTorch.Load();
            Threads.Count = parsed.GetValue(threads);
            var wanted = parsed.GetValue(of) is { Length: > 0 } named ? named : [.. _axes.Select(axis => axis.Name)];
            var panels = new List<GrowthPanel>();
            foreach (var axis in _axes.Where(axis => wanted.Contains(axis.Name)))
            {
                var points = new List<(int Size, double Microseconds)>();
                foreach (var size in axis.Sizes.Where(size => size <= parsed.GetValue(most)))
                {
                    var cost = Microseconds(shape.Read(parsed), axis.Setting(size), parsed.GetValue(precision)!, parsed.GetValue(rounds));
                    points.Add((size, cost));
                    Options.Print(parsed, new
                    {
                        benchmark = "growth", of = axis.Name, size, us_per_token = Math.Round(cost, 2), ratio_to_first = Math.Round(cost / points[0].Microseconds, 3), peak_rss_mb = Math.Round(TrainingBenchmark.PeakRssMb()),
                        precision = parsed.GetValue(precision), threads = parsed.GetValue(threads),
                    });
                }
                if (points.Count > 0) panels.Add(new GrowthPanel(axis.Name, points));
            }
            if (parsed.GetValue(picture) is { } file) AtomicFile.WriteAllText(file, GrowthPicture.Draw(panels));
        });
        return command;
    }

    private static double Microseconds(Shape shape, Setting setting, string precision, int rounds)
    {
        if (setting.Vocabulary is { } vocabulary) shape = shape with { Vocabulary = vocabulary };
        var steps = Math.Max(2, Tokens / (setting.Rows * setting.Length * setting.Members));
        var rows = TrainingRows.Of(steps * setting.Rows * setting.Members, setting.Length, shape.Vocabulary);
        using var generator = new Generator(0);
        using var decoder = Decoder.CreateRandom(shape.Config(), generator, Options.TypeOf(precision), storage: Options.StorageOf(precision));
        List<(IReadOnlyList<Example>, AdapterConfig)> each = [.. rows.Chunk(steps * setting.Rows).Select(own => (own, TrainingBenchmark.Lora(Rank)))];
        void Train(int count) => TrainingBenchmark.Train(decoder, each, setting.Rows, count);
        Train(1); // not counted
        var best = double.MaxValue;
        for (var round = 0; round < rounds; round++)
        {
            var clock = Stopwatch.StartNew();
            Train(steps);
            best = Math.Min(best, clock.Elapsed.TotalMicroseconds);
        }
        return best / ((long)rows.Count * setting.Length);
    }
}
