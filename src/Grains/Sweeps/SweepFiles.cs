using System.Globalization;
using AlpacaCot.Experiments.Scheduling;

namespace AlpacaCot.Grains.Sweeps;

/// <summary>The files of a sweep that is deleted.</summary>
internal static class SweepFiles
{
    /// <summary>Deletes a sweep's folder. Adapters that lie in it may be kept; those that were taken over from other sweeps are the home's, and stay in any case.</summary>
    /// <param name="state">The sweep.</param>
    /// <param name="folder">Its folder.</param>
    /// <param name="keepIn">Where its adapters are kept, each under its training's name; null deletes them.</param>
    public static void Delete(SweepState state, string folder, string? keepIn)
    {
        if (!Directory.Exists(folder)) return;
        if (keepIn is not null)
            foreach (var (training, adapter) in state.View().Where(view => view.Adapter is not null).DistinctBy(view => view.Training!.Index).Select(view => (view.Training!.Name, view.Adapter!.Uri)))
                // A deletion that was cut short has moved some already.
                if (adapter.StartsWith(folder + Path.DirectorySeparatorChar, StringComparison.Ordinal) && Directory.Exists(adapter))
                {
                    Directory.CreateDirectory(keepIn);
                    Directory.Move(adapter, Free(Path.Combine(keepIn, training)));
                }
        Directory.Delete(folder, recursive: true);
    }

    /// <summary>A sweep of that name may have been deleted before, and its adapters kept.</summary>
    private static string Free(string path)
    {
        var free = path;
        for (var n = 2; Directory.Exists(free); n++) free = string.Create(CultureInfo.InvariantCulture, $"{path}-{n}");
        return free;
    }
}
