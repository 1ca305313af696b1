using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using AlpacaCot.Kernels;
using AlpacaCot.Models;

namespace AlpacaCot.Benchmarks;

/// <summary>Where the time of a measured piece of work went: a line for each kernel, beside what the machine can do.</summary>
/// <param name="Seconds">The time of the whole.</param>
/// <param name="Times">What each kernel took of it.</param>
internal sealed record Profile(double Seconds, IReadOnlyList<KernelTime> Times)
{
    /// <summary>What no kernel took: libtorch's other operators, its autograd, the program around them.</summary>
    private const string Rest = "everything else";

    /// <summary>Rows of a product that memory does not hold back.</summary>
    public const int UsualRows = 512;

    private static readonly TimeSpan _product = TimeSpan.FromSeconds(0.5);

    /// <summary>Asks for one.</summary>
    public static Option<bool> Option() => new("--profile")
    {
        Description = "Also where the time went: per kernel calls, time, operations and bytes a second, and their share of what the machine's products and its memory reach in the same run. A table; JSON lines with --json",
    };

    /// <summary>Takes one of a piece of work, which is a little slower for it.</summary>
    public static Profile Of(Action work)
    {
        using var kernels = KernelProfile.Begin();
        var clock = Stopwatch.StartNew();
        work();
        var seconds = clock.Elapsed.TotalSeconds;
        return new Profile(seconds, kernels.Times);
    }

    /// <summary>Prints it.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="decoder">Whose largest product is the limit of all.</param>
    /// <param name="rows">Rows of that product.</param>
    /// <param name="threads">Threads that read memory.</param>
    public void Print(ParseResult parsed, Decoder decoder, int rows, int threads)
    {
        var (operations, bytes) = (ProductsPerSecond(decoder, rows), MemoryBenchmark.BytesPerSecond(threads));
        var lines = Times.Append(new KernelTime(Rest, 0, Math.Max(0, Seconds - Times.Sum(time => time.Seconds)), 0, 0)).ToList();
        var output = parsed.InvocationConfiguration.Output;
        if (parsed.GetValue<bool>("--json"))
        {
            foreach (var time in lines)
            {
                Options.Print(parsed, new
                {
                    benchmark = "profile", kernel = time.Kernel, calls = time.Calls, ms = Math.Round(1000 * time.Seconds, 3), share = Math.Round(time.Seconds / Seconds, 4),
                    gflop_per_s = Rounded(time.Operations / time.Seconds / 1e9), product_limit_share = Rounded(time.Operations / time.Seconds / operations),
                    gb_per_s = Rounded(time.Bytes / time.Seconds / 1e9), memory_limit_share = Rounded(time.Bytes / time.Seconds / bytes),
                });
            }
            return;
        }
        var width = lines.Max(time => time.Kernel.Length);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"limits in this run: {operations / 1e9:0} GFLOP/s (the largest product of a block, {rows} rows), {bytes / 1e9:0.0} GB/s (read by {threads} threads)"));
        output.WriteLine($"{"kernel".PadRight(width)}     calls        ms   share   GFLOP/s  of limit     GB/s  of limit");
        foreach (var time in lines)
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{time.Kernel.PadRight(width)}{(time.Calls > 0 ? time.Calls.ToString(CultureInfo.InvariantCulture) : ""),10}{1000 * time.Seconds,10:0.0}{time.Seconds / Seconds,8:0.0%}{Or(time.Operations / time.Seconds / 1e9, "0.0"),10}{Or(time.Operations / time.Seconds / operations, "0%"),10}{Or(time.Bytes / time.Seconds / 1e9, "0.0"),9}{Or(time.Bytes / time.Seconds / bytes, "0%"),10}"));
        }
    }

    /// <summary>Operations per second of the largest product of a block, nothing else being done.</summary>
    public static double ProductsPerSecond(Decoder decoder, int rows)
    {
        using var scope = torch.NewDisposeScope();
        using var still = torch.no_grad();
        var (hidden, intermediate) = (decoder.Config.HiddenSize, decoder.Config.IntermediateSize);
        // What a product of ones costs a GPU less than one of other numbers is no limit.
        var (x, w) = (torch.randn([rows, hidden], dtype: decoder.Dtype, device: decoder.Device), torch.randn([intermediate, hidden], dtype: decoder.Dtype, device: decoder.Device));
        // A GPU computes while the next one is asked for: some at once, until all are there.
        var (best, all, at) = (double.MaxValue, Stopwatch.StartNew(), decoder.Device.type == DeviceType.CUDA ? 32 : 1);
        do
        {
            var clock = Stopwatch.StartNew();
            for (var i = 0; i < at; i++)
            {
                using var y = Functional.Linear(x, w);
            }
            if (at > 1) torch.cuda.synchronize();
            best = Math.Min(best, clock.Elapsed.TotalSeconds / at);
        }
        while (all.Elapsed < _product);
        return 2.0 * rows * hidden * intermediate / best;
    }

    private static double? Rounded(double value) => double.IsFinite(value) && value > 0 ? Math.Round(value, 3) : null;

    private static string Or(double value, string format) => Rounded(value) is null ? "" : value.ToString(format, CultureInfo.InvariantCulture);
}
