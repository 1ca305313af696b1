using AlpacaCot.Specs;
using AlpacaCot.Supervision;

namespace AlpacaCot.Tests.Supervision;

/// <summary>What the end of a worker means.</summary>
public sealed class WorkerEndTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(137, false, "", FailureKind.Transient, "killed from outside (signal 9)")]
    [InlineData(137, true, "", FailureKind.OutOfMemory, "memory ran out (signal 9)")]
    [InlineData(143, true, "", FailureKind.Transient, "ended from outside (signal 15)")]
    [InlineData(129, false, "", FailureKind.Transient, "signal 1)")]
    [InlineData(139, false, "", FailureKind.Unknown, "crashed (signal 11)")]
    [InlineData(135, false, "", FailureKind.Unknown, "a file that it had mapped, such as the model's weights, was shortened")]
    [InlineData(134, false, "", FailureKind.Unknown, "aborted (signal 6)")]
    [InlineData(134, false, "Out of memory.", FailureKind.OutOfMemory, "aborted (signal 6): Out of memory.")]
    [InlineData(134, false, "  what():  std::bad_alloc", FailureKind.OutOfMemory, "bad_alloc")]
    [InlineData(7, false, "told to stop", FailureKind.Unknown, "ended with code 7: told to stop")]
    [InlineData(1, false, "DefaultCPUAllocator: can't allocate memory", FailureKind.OutOfMemory, "code 1")]
    public void Of_ExitCode_TellsKindAndWords(int code, bool ranOut, string last, FailureKind kind, string says)
    {
        var end = WorkerEnd.Of(5, code, ranOut, last.Length > 0 ? ["before", last] : []);
        Assert.Equal(kind, end.Kind);
        Assert.StartsWith("the worker (process 5) ", end.Description, StringComparison.Ordinal);
        Assert.Contains(says, end.Description, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0::/user/worker", "user/worker/memory.events", "low 0\noom 1\noom_kill 1\n")]
    [InlineData("0::/user/worker", "user/memory.events", "oom_kill 1\n")]
    [InlineData("9:name=systemd:/x\n4:cpu,memory:/jobs/7\n0::/", "memory/jobs/7/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n")]
    [InlineData("4:memory:/not/there/in/a/container", "memory/memory.oom_control", "oom_kill 1\n")]
    public void RanOut_KernelCountsAKill_IsTrue(string groups, string file, string after)
    {
        Machine(groups);
        Write($"cgroup/{file}", after.Replace("oom_kill 1", "oom_kill 0", StringComparison.Ordinal));
        using var watch = Watch();
        watch.Take();
        Assert.False(watch.RanOut());
        Write($"cgroup/{file}", after);
        Assert.True(watch.RanOut());
    }

    [Fact]
    public void RanOut_KernelOfTheWholeMachineCountsAKill_IsTrue()
    {
        Machine("0::/");
        Write("proc/vmstat", "pgfault 3\noom_kill 4\n");
        using var watch = Watch();
        Assert.False(watch.RanOut());
        Write("proc/vmstat", "pgfault 3\noom_kill 5\n");
        Assert.True(watch.RanOut());
    }

    [Fact]
    public void RanOut_KillsFromLongAgo_DoNotCount()
    {
        Machine("0::/a");
        Write("cgroup/a/memory.events", "oom_kill 0\n");
        using var watch = Watch();
        Write("cgroup/a/memory.events", "oom_kill 1\n");
        // Half a second lies between two looks.
        for (var look = 0; look < 120; look++) watch.Take();
        Assert.False(watch.RanOut());
    }

    [Theory]
    [InlineData("memory.max", "memory.current")]
    [InlineData("memory.limit_in_bytes", "memory.usage_in_bytes")]
    public void RanOut_GroupAtItsLimit_CountsWhatCannotBeReclaimed(string limit, string usage)
    {
        Machine(limit == "memory.max" ? "0::/a" : "3:memory:/a");
        var group = limit == "memory.max" ? "cgroup/a" : "cgroup/memory/a";
        Write($"{group}/{limit}", "1000000\n");
        Write($"{group}/{usage}", "990000\n");
        Write($"{group}/memory.stat", "anon 1\ninactive_file 300000\nactive_file 0\n");
        using (var watch = Watch()) Assert.False(watch.RanOut());
        Write($"{group}/memory.stat", "anon 1\ninactive_file 1000\nactive_file 0\n");
        using (var watch = Watch()) Assert.True(watch.RanOut());
        // Without a limit there is nothing to be near to.
        Write($"{group}/{limit}", limit == "memory.max" ? "max\n" : "9223372036854771712\n");
        using (var watch = Watch()) Assert.False(watch.RanOut());
    }

    [Fact]
    public void RanOut_MachineWithoutMemory_IsTrue()
    {
        Machine("0::/");
        Write("proc/meminfo", "MemTotal:  1000000 kB\nMemFree: 1 kB\nMemAvailable:  10000 kB\n");
        using var watch = Watch();
        Assert.True(watch.RanOut());
    }

    [Fact]
    public void RanOut_NothingIsKnown_IsFalse()
    {
        using var watch = Watch();
        Assert.False(watch.RanOut());
    }

    private MemoryWatch Watch() => new(5, time: null, _folder["proc"], _folder["cgroup"]);

    private void Machine(string groups)
    {
        Write("proc/5/cgroup", groups + "\n");
        Write("proc/meminfo", "MemTotal:  1000000 kB\nMemFree: 1 kB\nMemAvailable:  500000 kB\n");
    }

    private void Write(string file, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_folder[file])!);
        File.WriteAllText(_folder[file], text);
    }
}
