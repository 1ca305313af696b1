using AlpacaCot.Client.Library;
using AlpacaCot.Files;

namespace AlpacaCot.Client.Running;

/// <summary>What lies in one place of the home.</summary>
/// <param name="Place">What it is: <c>models</c>, <c>token cache</c>, <c>sweep default/first</c>.</param>
/// <param name="Path">Where it lies.</param>
/// <param name="Bytes">The sizes of its files.</param>
/// <param name="Files">How many they are.</param>
internal sealed record DiskPlace(string Place, string Path, long Bytes, int Files);

/// <summary>Something of the home that may go.</summary>
/// <param name="What">What it is.</param>
/// <param name="Path">A file or folder.</param>
/// <param name="Bytes">What is gained.</param>
internal sealed record DiskItem(string What, string Path, long Bytes);

/// <summary>Measures the home: how much lies where, and what of it nothing needs any more.</summary>
internal static class DiskUsage
{
    /// <summary>The logs of workers that have just written may be of some that still run.</summary>
    private static readonly TimeSpan _recent = TimeSpan.FromHours(1);

    /// <summary>A write that began so long ago was cut short.</summary>
    private static readonly TimeSpan _abandoned = TimeSpan.FromDays(1);

    /// <summary>What of the home lies where; places without a file are left out.</summary>
    public static IReadOnlyList<DiskPlace> Places(HomeLayout home)
    {
        var places = new List<DiskPlace>
        {
            Measured("models", home.Models), Measured("data sets", home.Datasets), Measured("token cache", Path.Combine(home.Cache, "tokens")),
            Measured("shared adapters", Path.Combine(home.Cache, "adapters")), Measured("shared results", Path.Combine(home.Cache, "results")),
        };
        var cached = Measured("other caches", home.Cache);
        places.Add(cached with { Bytes = cached.Bytes - places.Skip(2).Sum(p => p.Bytes), Files = cached.Files - places.Skip(2).Sum(p => p.Files) });
        places.AddRange(Sweeps(home).Select(sweep => Measured($"sweep {sweep.Experiment}/{sweep.Name}", home.Sweep(sweep.Experiment, sweep.Name))));
        places.AddRange([Measured("kept adapters", Path.Combine(home.Root, "adapters")), Measured("records", home.State), Measured("logs", home.Logs)]);
        return [.. places.Where(place => place.Files > 0)];
    }

    /// <summary>The sweeps that have a folder.</summary>
    public static IEnumerable<SweepName> Sweeps(HomeLayout home)
        => Folders(home.Experiments).SelectMany(experiment => Folders(experiment).Select(sweep => new SweepName(Path.GetFileName(experiment), Path.GetFileName(sweep))));

    /// <summary>What nothing needs: token caches, checkpoints of sweeps that are done, logs of workers that have ended, remains of writes that were cut short.</summary>
    /// <param name="home">The home.</param>
    /// <param name="now">The time.</param>
    /// <param name="busy">Whether sweeps run: their caches and logs stay.</param>
    /// <param name="isDone">Whether a sweep is done; only then are its checkpoints of no use.</param>
    public static IReadOnlyList<DiskItem> Removable(HomeLayout home, DateTimeOffset now, bool busy, Func<SweepName, bool> isDone)
    {
        var items = new List<DiskItem>();
        void Add(string what, IEnumerable<string> paths) => items.AddRange(paths.Select(path => new DiskItem(what, path, SizeOf(path))));
        if (!busy)
        {
            Add("token cache", Entries(Path.Combine(home.Cache, "tokens")));
            Add("log", Entries(home.Logs).Where(log => Path.GetFileName(log) is var name && (name.StartsWith("worker-", StringComparison.Ordinal) || name.StartsWith("tool-", StringComparison.Ordinal)) && Age(log, now) > _recent));
        }
        foreach (var sweep in Sweeps(home).Where(isDone))
            Add("checkpoints", Folders(home.Sweep(sweep.Experiment, sweep.Name)).SelectMany(Folders).Select(fence => Path.Combine(fence, "checkpoints")).Where(Directory.Exists));
        // Writes that are under way have such names as well, for as long as they take.
        Add("remains", Folders(home.Root).SelectMany(folder => Directory.EnumerateFileSystemEntries(folder, ".*.tmp*", SearchOption.AllDirectories)).Where(path => Age(path, now) > _abandoned));
        return items;
    }

    /// <summary>Adapters and results that sweeps share and that no record refers to: later sweeps compute them anew.</summary>
    /// <param name="home">The home.</param>
    /// <param name="referredTo">Paths that records of sweeps refer to.</param>
    public static IReadOnlyList<DiskItem> Unreferred(HomeLayout home, IReadOnlyCollection<string> referredTo)
        => [.. ((string[])["adapters", "results"]).SelectMany(kind => Folders(Path.Combine(home.Cache, kind)).Select(folder => (Kind: kind, Folder: folder)))
            .Where(shared => !referredTo.Any(path => path == shared.Folder || path.StartsWith(shared.Folder + Path.DirectorySeparatorChar, StringComparison.Ordinal)))
            .Select(shared => new DiskItem($"shared {shared.Kind}", shared.Folder, SizeOf(shared.Folder)))];

    /// <summary>Deletes items; one that cannot be deleted stays, and is not among those that are returned.</summary>
    public static IReadOnlyList<DiskItem> Delete(IReadOnlyList<DiskItem> items)
    {
        foreach (var item in items)
            if (Directory.Exists(item.Path)) AtomicFile.TryDeleteFolder(item.Path);
            else AtomicFile.TryDelete(item.Path);
        return [.. items.Where(item => !Directory.Exists(item.Path) && !File.Exists(item.Path))];
    }

    private static TimeSpan Age(string path, DateTimeOffset now) => now - (Directory.Exists(path) ? Directory.GetLastWriteTimeUtc(path) : File.GetLastWriteTimeUtc(path));

    private static DiskPlace Measured(string place, string folder)
    {
        var files = Directory.Exists(folder) ? new DirectoryInfo(folder).EnumerateFiles("*", _everything).ToList() : [];
        return new DiskPlace(place, folder, files.Sum(Length), files.Count);
    }

    private static long SizeOf(string path)
        => Directory.Exists(path) ? new DirectoryInfo(path).EnumerateFiles("*", _everything).Sum(Length) : File.Exists(path) ? Length(new FileInfo(path)) : 0;

    private static readonly EnumerationOptions _everything = new() { RecurseSubdirectories = true, IgnoreInaccessible = true, AttributesToSkip = FileAttributes.ReparsePoint };

    /// <summary>A file may go while it is measured.</summary>
    private static long Length(FileInfo file)
    {
        try
        {
            return file.Length;
        }
        catch (IOException)
        {
            return 0;
        }
    }

    private static IEnumerable<string> Folders(string folder) => Directory.Exists(folder) ? Directory.EnumerateDirectories(folder).Order(StringComparer.Ordinal) : [];

    private static IEnumerable<string> Entries(string folder) => Directory.Exists(folder) ? Directory.EnumerateFileSystemEntries(folder).Order(StringComparer.Ordinal) : [];
}
