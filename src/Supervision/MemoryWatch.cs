using System.Globalization;

namespace AlpacaCot.Supervision;

/// <summary>
/// Looks at the memory that a process can have while it runs. A kill by the kernel looks like any other from outside; what tells them apart is the kernel's own count of such kills,
/// and how little memory was left.
/// </summary>
internal sealed class MemoryWatch : IDisposable
{
    private static readonly TimeSpan _period = TimeSpan.FromMilliseconds(500);

    /// <summary>How far back a look counts: a large process takes seconds to give its memory back, and ends only then.</summary>
    private const int Kept = 20;

    /// <summary>Less than this part of the memory being free is near the limit: kernels begin to kill where nothing more can be reclaimed, well below 2 %.</summary>
    private const int NearLimit = 32;

    private readonly string _proc;
    private readonly IReadOnlyList<string> _folders;
    private readonly Queue<Look> _looks = [];
    private readonly Lock _gate = new();
    private readonly ITimer? _timer;

    /// <summary>What one look saw: kills for lack of memory so far, and whether memory was near its limit.</summary>
    private sealed record Look(long Kills, bool NearLimit);

    /// <summary>Begins to watch.</summary>
    /// <param name="process">The process.</param>
    /// <param name="time">When to look again; null leaves that to the caller.</param>
    /// <param name="proc">The process file system.</param>
    /// <param name="cgroups">The control groups' file system.</param>
    public MemoryWatch(int process, TimeProvider? time, string proc = "/proc", string cgroups = "/sys/fs/cgroup")
    {
        _proc = proc;
        _folders = [.. Folders(Path.Combine(proc, process.ToString(CultureInfo.InvariantCulture), "cgroup"), cgroups)];
        Take();
        _timer = time?.CreateTimer(_ => Take(), null, _period, _period);
    }

    /// <summary>Looks once more.</summary>
    public void Take()
    {
        var look = new Look(Kills(), Headrooms().Any(room => room.Free < room.Limit / NearLimit));
        lock (_gate)
        {
            _looks.Enqueue(look);
            if (_looks.Count > Kept) _looks.Dequeue();
        }
    }

    /// <summary>Whether a process that has just been killed was killed for lack of memory.</summary>
    public bool RanOut()
    {
        Look[] before;
        lock (_gate) before = [.. _looks];
        return Kills() > before[0].Kills || before.Any(look => look.NearLimit);
    }

    /// <inheritdoc/>
    public void Dispose() => _timer?.Dispose();

    /// <summary>The control group of the process and those above it, innermost first: version 2's one tree, and version 1's of memory.</summary>
    private static IEnumerable<string> Folders(string file, string cgroups)
    {
        foreach (var line in Lines(file))
        {
            var parts = line.Split(':', 3);
            if (parts is not [var number, var controllers, var path]) continue;
            string[] roots = number == "0" && controllers.Length == 0 ? [cgroups, Path.Combine(cgroups, "unified")]
                : controllers.Split(',').Contains("memory") ? [Path.Combine(cgroups, "memory")] : [];
            foreach (var root in roots)
                for (var at = path.Trim('/'); ; at = Path.GetDirectoryName(at) ?? "")
                {
                    // In a container the innermost names are those of the host, and are not there.
                    if (Directory.Exists(Path.Combine(root, at))) yield return Path.Combine(root, at);
                    if (at.Length == 0) break;
                }
        }
    }

    private long Kills()
    {
        var counted = _folders.SelectMany(folder => (string[])[Path.Combine(folder, "memory.events"), Path.Combine(folder, "memory.oom_control")])
            .Select(file => Number(file, "oom_kill ")).FirstOrDefault(count => count is not null);
        return (counted ?? 0) + (Number(Path.Combine(_proc, "vmstat"), "oom_kill ") ?? 0);
    }

    private IEnumerable<(double Free, double Limit)> Headrooms()
    {
        var memory = Path.Combine(_proc, "meminfo");
        if (Number(memory, "MemAvailable:") is { } available && Number(memory, "MemTotal:") is { } total) yield return (available, total);
        foreach (var folder in _folders)
            foreach (var (limit, usage) in ((string, string)[])[("memory.max", "memory.current"), ("memory.limit_in_bytes", "memory.usage_in_bytes")])
                // What is cached of files counts as used and is given back when it is needed.
                if (Number(Path.Combine(folder, limit), "") is { } most && Number(Path.Combine(folder, usage), "") is { } used)
                    yield return (most - used + (Number(Path.Combine(folder, "memory.stat"), "inactive_file ") ?? 0) + (Number(Path.Combine(folder, "memory.stat"), "active_file ") ?? 0), most);
    }

    /// <summary>The number behind a name at the beginning of a line; null where there is none.</summary>
    private static long? Number(string file, string name)
    {
        var line = Lines(file).FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal));
        return line is not null && long.TryParse(line[name.Length..].Trim().Split(' ')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
    }

    private static string[] Lines(string file)
    {
        try
        {
            return File.Exists(file) ? File.ReadAllLines(file) : [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The process has ended, or the file is not for this user to read: nothing is known then.
            return [];
        }
    }
}
