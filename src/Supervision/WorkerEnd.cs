using AlpacaCot.Specs;

namespace AlpacaCot.Supervision;

/// <summary>How a worker process ended.</summary>
/// <param name="Kind">What that means for the work it had.</param>
/// <param name="Description">One line for people.</param>
public sealed record WorkerEnd(FailureKind Kind, string Description)
{
    // Exit codes of processes that a signal ended, as a shell and .NET give them: 128 and the signal's number.
    private const int Signal = 128, Kill = 9;

    /// <summary>Signals by which a process ends because of what it did itself. All others come from outside.</summary>
    private static readonly Dictionary<int, string> _crashes = new()
    {
        [4] = "crashed (signal 4, illegal instruction)", [5] = "crashed (signal 5)", [6] = "aborted (signal 6)", [7] = "crashed (signal 7, bus error: a file that it had mapped, such as the model's weights, was shortened meanwhile, or its disk failed)",
        [8] = "crashed (signal 8)", [11] = "crashed (signal 11)", [31] = "crashed (signal 31, forbidden system call)",
    };

    /// <summary>What runtimes print last when they get no memory: .NET, the C++ library, libtorch.</summary>
    private static readonly string[] _outOfMemory = ["Out of memory", "OutOfMemoryException", "bad_alloc", "can't allocate memory", "Cannot allocate memory", "out of memory"];

    /// <summary>Judges an end.</summary>
    /// <param name="process">The process id.</param>
    /// <param name="exitCode">Its exit code.</param>
    /// <param name="memoryRanOut">Whether memory was near its limit, or the kernel counted a kill for lack of it.</param>
    /// <param name="lastWords">The last lines of its log.</param>
    internal static WorkerEnd Of(int process, int exitCode, bool memoryRanOut, IReadOnlyList<string> lastWords)
    {
        var saidSo = lastWords.Any(line => _outOfMemory.Any(words => line.Contains(words, StringComparison.Ordinal)));
        var (kind, how) = exitCode switch
        {
            Signal + Kill when memoryRanOut => (FailureKind.OutOfMemory, "was killed because memory ran out (signal 9)"),
            Signal + Kill => (FailureKind.Transient, "was killed from outside (signal 9)"),
            > Signal and < Signal + 65 when _crashes.TryGetValue(exitCode - Signal, out var crash) => (saidSo ? FailureKind.OutOfMemory : FailureKind.Unknown, crash),
            > Signal and < Signal + 65 => (FailureKind.Transient, FormattableString.Invariant($"was ended from outside (signal {exitCode - Signal})")),
            _ => (saidSo ? FailureKind.OutOfMemory : FailureKind.Unknown, FormattableString.Invariant($"ended with code {exitCode}")),
        };
        return new WorkerEnd(kind, FormattableString.Invariant($"the worker (process {process}) {how}") + (lastWords.Count > 0 ? $": {lastWords[^1]}" : ""));
    }
}
