using System.Diagnostics;
using System.Text;

namespace AlpacaCot.Tests.Fuzz;

/// <summary>What came of trying a reader.</summary>
internal sealed record FuzzResult(string Target, long Inputs, int Branches, int Kept, double Seconds, double Slowest, double PeakMegabytes, IReadOnlyList<string> Failures)
{
    /// <inheritdoc/>
    public override string ToString()
        => $"{Target,-16} {Inputs,8} inputs {Mutator.Text(Seconds),6} s, {Branches,5} branches, {Kept,5} inputs kept, slowest {Mutator.Text(1000 * Slowest)} ms, peak {Mutator.Text(PeakMegabytes)} MB, {Failures.Count} failures";
}

/// <summary>
/// Tries a reader with inputs made of its seeds. Where the assemblies count branches (SharpFuzz), an input that reaches a new one is kept and others are made of it.
/// </summary>
internal sealed unsafe class FuzzLoop
{
    private const int Branches = 1 << 16;

    // How often each branch was taken by the current input; the counting code writes here from its first call on.
    private static readonly byte[] _counts = GC.AllocateArray<byte>(Branches, pinned: true);

    private static readonly TimeSpan _longest = TimeSpan.FromSeconds(60);
    private readonly FuzzTarget _target;
    private readonly string _folder;
    private readonly Random _random;
    private readonly byte[] _seen = new byte[Branches];
    private readonly List<byte[]> _kept;
    private readonly List<string> _failures = [];
    private readonly HashSet<string> _kinds = new(StringComparer.Ordinal);
    private long _began;
    private byte[] _input = [];

    /// <summary>Prepares the loop; the folder gets what fails.</summary>
    public FuzzLoop(FuzzTarget target, string folder, int seed)
    {
        (_target, _folder, _random, _kept) = (target, folder, new Random(seed), [.. target.Seeds]);
        Directory.CreateDirectory(folder);
    }

    /// <summary>Gives the counting code its place; before anything of the readers' assemblies runs.</summary>
    public static void Prepare() => SharpFuzz.Common.Trace.SharedMem = (byte*)System.Runtime.InteropServices.Marshal.UnsafeAddrOfPinnedArrayElement(_counts, 0);

    /// <summary>Tries so many inputs.</summary>
    public FuzzResult Run(long inputs)
    {
        var words = _target.Words.Select(Encoding.UTF8.GetBytes).Append([0]).Append([0xFF, 0xFE]).ToList();
        var mutator = new Mutator(_random, words);
        var watch = Stopwatch.StartNew();
        var slowest = 0.0;
        using var hung = new Timer(_ => EndIfHung(), null, 1000, 1000);
        foreach (var seed in _target.Seeds) Try(seed);
        for (var i = 0L; i < inputs; i++)
        {
            // Half of all inputs are made of those that were kept last: they lead to what is new.
            var parent = _random.Next(2) == 0 ? _kept[_random.Next(_kept.Count)] : _kept[Math.Max(0, _kept.Count - 1 - _random.Next(16))];
            slowest = Math.Max(slowest, Try(mutator.Mutate(parent, _kept[_random.Next(_kept.Count)])));
        }
        using var process = Process.GetCurrentProcess();
        return new FuzzResult(_target.Name, inputs, _seen.Count(seen => seen != 0), _kept.Count, watch.Elapsed.TotalSeconds, slowest, process.PeakWorkingSet64 / 1e6, _failures);
    }

    private double Try(byte[] input)
    {
        Array.Clear(_counts);
        SharpFuzz.Common.Trace.PrevLocation = 0;
        _input = input;
        Volatile.Write(ref _began, Stopwatch.GetTimestamp());
        try
        {
            _target.Read(input, _folder);
        }
        catch (Exception e) when (_target.Refuses(e))
        {
            if (Foreign(e.Message) is { } why) Fail(why, e);
        }
        catch (Exception e)
        {
            Fail($"{e.GetType().Name} instead of the format's own exception", e);
        }
        var seconds = Stopwatch.GetElapsedTime(Interlocked.Exchange(ref _began, 0)).TotalSeconds;
        if (IsNew()) _kept.Add(input);
        return seconds;
    }

    // Words that only a library's exception has.
    private static string? Foreign(string message) => message.Contains('\n') ? "a message of several lines"
        : new[] { "Exception", "(Parameter", "LineNumber", "BytePosition", "System." }.FirstOrDefault(word => message.Contains(word, StringComparison.Ordinal)) is { } word
            ? $"a library's words in a message ({word})" : null;

    private bool IsNew()
    {
        var found = false;
        for (var i = 0; i < Branches; i++)
        {
            if (_counts[i] == 0) continue;
            // How often, by powers of two: a loop that runs once is not one that runs a hundred times.
            var times = (byte)(1 << System.Numerics.BitOperations.Log2(_counts[i]));
            if ((_seen[i] & times) != 0) continue;
            _seen[i] |= times;
            found = true;
        }
        return found;
    }

    private void Fail(string why, Exception e)
    {
        // One of a kind is enough: the same mistake at the same place.
        var place = e.StackTrace?.Split('\n').FirstOrDefault(line => line.Contains("AlpacaCot.", StringComparison.Ordinal))?.Trim() ?? "";
        if (!_kinds.Add(why + place)) return;
        var file = Path.Combine(_folder, $"failure-{_target.Name}-{_failures.Count}");
        File.WriteAllBytes(file, _input);
        _failures.Add($"{_target.Name}: {why}: {e.Message} {place} ({file})");
    }

    private void EndIfHung()
    {
        if (Volatile.Read(ref _began) is not (> 0 and var began) || Stopwatch.GetElapsedTime(began) < _longest) return;
        var file = Path.Combine(_folder, $"hang-{_target.Name}");
        File.WriteAllBytes(file, _input);
        Environment.FailFast($"{_target.Name}: an input takes more than {_longest.TotalSeconds} s ({file})");
    }
}
