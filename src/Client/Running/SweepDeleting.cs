using AlpacaCot.Client.Library;
using AlpacaCot.Grains.Contracts;

namespace AlpacaCot.Client.Running;

/// <summary>Deletes a sweep: its record and its files. What other sweeps have taken over from it lies in the home's caches, and stays.</summary>
internal static class SweepDeleting
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(100);

    /// <summary>Deletes a sweep that has ended; with <paramref name="force"/> one that has not is cancelled first.</summary>
    public static async Task<int> RunAsync(ClientContext context, SweepName sweep, bool keepAdapters, bool force, bool json, CancellationToken stop)
    {
        // A sweep that there is not needs no silo to say so.
        if (await StoredState.ShowAsync(context, sweep.Checked(), stop) is null) throw await SweepRunner.UnknownAsync(context, sweep, stop);
        await using var silo = await SiloSession.ConnectAsync(context, start: true, [], stop);
        await DeleteAsync(context, silo, sweep, keepAdapters, force, stop);
        var kept = keepAdapters && Directory.Exists(context.Home.KeptAdapters(sweep.Experiment, sweep.Name)) ? context.Home.KeptAdapters(sweep.Experiment, sweep.Name) : null;
        if (json) ClientJson.Print(new { name = sweep.Name, deleted = true, adapters = kept });
        else System.Console.Out.WriteLine($"sweep {sweep.Name} is deleted{(kept is null ? "" : $"; its adapters are in {kept}")}");
        return ExitCodes.Done;
    }

    /// <summary>Deletes it through a silo.</summary>
    /// <exception cref="ClientException">It has not ended, or its files cannot be deleted.</exception>
    public static async Task DeleteAsync(ClientContext context, SiloSession silo, SweepName sweep, bool keepAdapters, bool cancel, CancellationToken stop)
    {
        var grain = silo.Grains.GetGrain<ISweepGrain>(sweep.Key);
        if (cancel && (await grain.GetProgressAsync()).State is "running" or "interrupted") await grain.CancelAsync();
        var began = context.Time.GetTimestamp();
        while (await silo.Grains.GetGrain<IExperimentGrain>(sweep.Experiment).DeleteAsync(sweep.Name, keepAdapters) is { Problem: { } problem } reply)
        {
            if (!reply.Unfinished) throw new ClientException(problem, ExitCodes.Failed);
            if ((await grain.GetProgressAsync()).State is "running" or "interrupted")
                throw new ClientException($"the sweep '{sweep.Name}' is not done; cancel it first ({TrialCommands.Line(sweep, "cancel")}), or delete it with --force");
            // What was cancelled takes a moment to end.
            if (context.Time.GetElapsedTime(began) >= _patience) throw new ClientException(problem, ExitCodes.Failed);
            await Task.Delay(_pause, context.Time, stop);
        }
    }
}
