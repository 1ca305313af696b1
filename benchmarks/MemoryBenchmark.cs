using System.CommandLine;
using System.Diagnostics;
using System.Numerics;

namespace AlpacaCot.Benchmarks;

/// <summary>How fast memory is read and copied: decoding at batch 1 reads every weight once a token, and can be no faster.</summary>
internal static class MemoryBenchmark
{
    private const double GigaByte = 1e9;
    private static readonly TimeSpan _duration = TimeSpan.FromSeconds(1);

    /// <summary>The command.</summary>
    public static Command Command()
    {
        var megabytes = Options.Count("--megabytes", "Memory of a thread, far larger than its caches", 256);
        var threads = Options.Threads();
        var command = new Command("membw", "Memory bandwidth: gigabytes (10⁹ bytes) per second read, and copied (read and written)") { megabytes, threads };
        command.SetAction(parsed =>
        {
            var count = parsed.GetValue(megabytes) * 1_000_000 / sizeof(long);
            long[][] from = new long[parsed.GetValue(threads)][], to = new long[from.Length][];
            // Each thread touches its own memory first, so that the system gives it memory near it.
            Together(from.Length, thread => (from[thread], to[thread]) = (Filled(count, thread + 1), Filled(count, 0)));
            var sums = new long[from.Length];
            var read = Fastest(from.Length, thread => sums[thread] = Sum(from[thread]));
            var copied = Fastest(from.Length, thread => from[thread].AsSpan().CopyTo(to[thread]));
            if (sums.Select((sum, thread) => sum != (long)count * (thread + 1)).Any(wrong => wrong)) throw new BenchmarkException("what was read is not what was written");
            var bytes = (double)count * sizeof(long) * from.Length;
            Options.Print(parsed, new { benchmark = "membw", read_gb_per_s = Math.Round(bytes / read / GigaByte, 2), copy_gb_per_s = Math.Round(2 * bytes / copied / GigaByte, 2), megabytes = parsed.GetValue(megabytes), threads = from.Length });
        });
        return command;
    }

    /// <summary>How fast so many threads read together; of a GPU, how fast it reads its own memory.</summary>
    public static double BytesPerSecond(int threads, Device? device = null)
    {
        if (device is { type: DeviceType.CUDA }) return OfGpu(device);
        const int Count = 32 << 20;
        var (memory, sums) = (new long[threads][], new long[threads]);
        Together(threads, thread => memory[thread] = Filled(Count, thread + 1));
        return (double)Count * sizeof(long) * threads / Fastest(threads, thread => sums[thread] = Sum(memory[thread]));
    }

    // A sum over what no cache holds.
    private static double OfGpu(Device device)
    {
        const long Count = 1L << 30;
        using var scope = torch.NewDisposeScope();
        var memory = torch.ones([Count], torch.float32, device);
        var (best, all) = (double.MaxValue, Stopwatch.StartNew());
        do
        {
            var clock = Stopwatch.StartNew();
            using var sum = memory.sum();
            if (sum.item<float>() != Count) throw new BenchmarkException("what was read is not what was written");
            best = Math.Min(best, clock.Elapsed.TotalSeconds);
        }
        while (all.Elapsed < _duration);
        return Count * sizeof(float) / best;
    }

    private static long[] Filled(int count, long value)
    {
        var memory = GC.AllocateUninitializedArray<long>(count);
        Array.Fill(memory, value);
        return memory;
    }

    // Four sums at once: one alone would wait for its own additions.
    private static long Sum(long[] memory)
    {
        var width = Vector<long>.Count;
        var (a, b, c, d) = (Vector<long>.Zero, Vector<long>.Zero, Vector<long>.Zero, Vector<long>.Zero);
        var i = 0;
        for (; i <= memory.Length - 4 * width; i += 4 * width)
            (a, b, c, d) = (a + new Vector<long>(memory, i), b + new Vector<long>(memory, i + width), c + new Vector<long>(memory, i + 2 * width), d + new Vector<long>(memory, i + 3 * width));
        var sum = Vector.Sum(a + b + c + d);
        for (; i < memory.Length; i++) sum += memory[i];
        return sum;
    }

    private static double Fastest(int threads, Action<int> work)
    {
        var (best, all) = (double.MaxValue, Stopwatch.StartNew());
        do
        {
            var clock = Stopwatch.StartNew();
            Together(threads, work);
            best = Math.Min(best, clock.Elapsed.TotalSeconds);
        }
        while (all.Elapsed < _duration);
        return best;
    }

    private static void Together(int threads, Action<int> work)
    {
        List<Thread> all = [.. Enumerable.Range(0, threads).Select(thread => new Thread(() => work(thread)))];
        foreach (var thread in all) thread.Start();
        foreach (var thread in all) thread.Join();
    }
}
