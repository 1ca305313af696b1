using AlpacaCot.Client.Library;

namespace AlpacaCot.Client.Running;

/// <summary>Decides what of a home may go, by what its sweeps say.</summary>
internal static class DiskCleaning
{
    /// <summary>What may go, and whether sweeps run, whose caches and logs stay.</summary>
    /// <param name="context">The client's context.</param>
    /// <param name="shared">Whether shared work that no sweep refers to may go as well.</param>
    /// <param name="stop">Ends the look.</param>
    public static async Task<(IReadOnlyList<DiskItem> Items, bool Busy)> PlanAsync(ClientContext context, bool shared, CancellationToken stop)
    {
        var (done, known) = (new HashSet<SweepName>(), new List<SweepName>());
        var busy = false;
        foreach (var experiment in DiskUsage.Sweeps(context.Home).Select(sweep => sweep.Experiment).Distinct().ToList())
            foreach (var summary in await StoredState.ListAsync(context, experiment, stop))
            {
                var sweep = new SweepName(experiment, summary.Name);
                known.Add(sweep);
                if (summary.State == "done") done.Add(sweep);
                busy |= summary.State == "running";
            }
        var items = DiskUsage.Removable(context.Home, context.Time.GetUtcNow(), busy, done.Contains).ToList();
        // A sweep that runs may be about to take over what no record refers to yet.
        if (!shared || busy) return (items, busy);
        var referred = new HashSet<string>(StringComparer.Ordinal);
        foreach (var sweep in known)
            if (await StoredState.ShowAsync(context, sweep, stop) is { } details) referred.UnionWith(details.Files);
        items.AddRange(DiskUsage.Unreferred(context.Home, referred));
        return (items, busy);
    }
}
