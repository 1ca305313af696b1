using System.Globalization;
using AlpacaCot.Experiments.Scheduling;

namespace AlpacaCot.Grains.Sweeps;

/// <summary>The folders of a sweep's work, one a fence: <c>pack-3/17/…</c>.</summary>
internal static class FenceFolders
{
    /// <summary>
    /// What the record refers to in the folders of some work and of all that shares its part of the record: adapters, result files, and checkpoints with those beside them, which are gone back to
    /// where the newest is torn.
    /// </summary>
    public static IReadOnlyList<string> ReferredTo(SweepState state, WorkState work)
    {
        var shard = state.Shards[work.Shard];
        var members = shard.Packs.SelectMany(p => p.Members).ToList();
        return
        [
            .. members.Select(m => m.Adapter?.Uri).Concat(members.SelectMany(m => m.Trials).SelectMany(t => t.Results).Select(r => r.Uri))
                .Concat(shard.Packs.Where(p => p.Members.Exists(m => m.Status != TrialStatus.Succeeded)).Select(p => Path.GetDirectoryName(p.Checkpoint?.Uri))).OfType<string>(),
        ];
    }

    /// <summary>All that the record refers to: adapters, result files, checkpoints.</summary>
    public static IEnumerable<string> ReferredTo(SweepState state)
        => state.Packs.SelectMany(pack => pack.Members).SelectMany(member => member.Trials.SelectMany(trial => trial.Results).Select(result => result.Uri).Append(member.Adapter?.Uri))
            .Concat(state.Packs.Select(pack => pack.Checkpoint?.Uri)).OfType<string>().Distinct(StringComparer.Ordinal);

    /// <summary>Deletes what fences before a given one left of some work and nothing refers to.</summary>
    /// <param name="folder">The work's folder.</param>
    /// <param name="fence">The fence whose work was accepted.</param>
    /// <param name="referredTo">Paths that stay.</param>
    public static void DeleteSuperseded(string folder, long fence, IReadOnlyList<string> referredTo)
    {
        if (!Directory.Exists(folder)) return;
        foreach (var old in Directory.EnumerateDirectories(folder))
        {
            if (!long.TryParse(Path.GetFileName(old), NumberStyles.None, CultureInfo.InvariantCulture, out var of) || of >= fence) continue;
            foreach (var entry in Directory.EnumerateDirectories(old))
                if (!referredTo.Any(path => path == entry || path.StartsWith(entry + Path.DirectorySeparatorChar, StringComparison.Ordinal))) Directory.Delete(entry, recursive: true);
            if (!Directory.EnumerateFileSystemEntries(old).Any()) Directory.Delete(old);
        }
    }
}
