using System.Diagnostics;
using System.Globalization;
using Xunit;

namespace AlpacaCot.Tests;

/// <summary>Signals to processes, as <c>kill</c> sends them.</summary>
public static class Signals
{
    // A process that crashes writes its memory to the disk first, which takes seconds on a busy machine.
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(60);

    /// <summary>Sends one.</summary>
    public static void Send(string signal, int process)
    {
        using var kill = Process.Start("kill", [$"-{signal}", process.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    /// <summary>
    /// Sends SIGABRT until a process of .NET is gone. The runtime takes a first one for the beginning of its own abort, which it would end with a second;
    /// a second that comes before the first was taken is the same one.
    /// </summary>
    public static async Task AbortAsync(int process)
    {
        for (var clock = Stopwatch.StartNew(); Lives(process); await Task.Delay(10))
        {
            Assert.True(clock.Elapsed < _limit, $"process {process} is not aborted after {_limit.TotalSeconds} s");
            Send("ABRT", process);
        }
    }

    /// <summary>Whether a process runs; one that nobody has waited for yet has ended all the same.</summary>
    public static bool Lives(int process)
    {
        try
        {
            return !File.ReadAllText($"/proc/{process}/stat").Contains(") Z ", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }
}
