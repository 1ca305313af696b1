using System.Text.Json.Nodes;
using AlpacaCot.Client.Console;
using AlpacaCot.Client.Library;
using AlpacaCot.Grains.Contracts;
using AlpacaCot.Specs;

namespace AlpacaCot.Client.Running;

/// <summary>What <c>sweep run</c> was asked for.</summary>
/// <param name="File">The sweep's file.</param>
/// <param name="Name">The name of this run; the sweep's own where null.</param>
/// <param name="Experiment">The experiment that it belongs to.</param>
/// <param name="Slots">CPU slots of a silo that has to be started.</param>
/// <param name="Fresh">Take nothing over from other sweeps.</param>
/// <param name="Detach">Return once it is submitted.</param>
/// <param name="Force">Delete another sweep of that name first.</param>
internal sealed record RunRequest(string File, string? Name = null, string Experiment = SweepName.DefaultExperiment, int? Slots = null, bool Fresh = false, bool Detach = false, bool Force = false);

/// <summary>What the commands of <c>sweep</c> do.</summary>
internal static class SweepRunner
{
    private static readonly string[] _ended = ["done", "failed", "cancelled"];

    /// <summary>Checks a file and shows the plan.</summary>
    public static async Task<int> ValidateAsync(ClientContext context, string file, int? slots, bool json, CancellationToken stop)
    {
        var check = await SweepPreflight.CheckAsync(context, file, stop, await SlotsAsync(context, slots, stop));
        if (json) ClientJson.Print(check.ToJson());
        else PreflightView.Print(check, System.Console.Out);
        return check.IsValid ? ExitCodes.Done : ExitCodes.Wrong;
    }

    /// <summary>Checks a file, submits it and follows it to its end.</summary>
    public static async Task<int> RunAsync(ClientContext context, RunRequest request, bool json, CancellationToken stop)
    {
        SiloSession? silo = null;
        try
        {
            var check = await SweepPreflight.CheckAsync(context, request.File, stop, await SlotsAsync(context, request.Slots, stop), async () =>
            {
                // Before a silo is started for a name that is none.
                _ = new SweepName(request.Experiment, request.Name ?? "sweep").Checked();
                silo = await SiloSession.ConnectAsync(context, start: true, SiloSession.SlotArguments(request.Slots), stop);
                return silo.Grains;
            });
            if (check.IsValid) return await SubmitAsync(context, request, check, silo!, json, stop);
            PreflightView.Print(check, System.Console.Error);
            return ExitCodes.Wrong;
        }
        finally
        {
            if (silo is not null) await silo.DisposeAsync();
        }
    }

    private static async Task<int> SubmitAsync(ClientContext context, RunRequest request, SweepPreflight check, SiloSession silo, bool json, CancellationToken stop)
    {
        PreflightView.PrintAdvice(check, System.Console.Error);
        var sweep = new SweepName(request.Experiment, request.Name ?? check.Name).Checked();
        var submission = check.Submission(context.Home, sweep, request.Fresh);
        var experiment = silo.Grains.GetGrain<IExperimentGrain>(sweep.Experiment);
        var reply = await experiment.SubmitAsync(submission);
        if (reply.Problem is not null && reply.Existing && request.Force)
        {
            await SweepDeleting.DeleteAsync(context, silo, sweep, keepAdapters: false, cancel: true, stop);
            reply = await experiment.SubmitAsync(submission);
        }
        if (reply.Problem is not null) throw new ClientException(reply.Existing ? $"{reply.Problem} with --name, or delete that sweep first with --force" : reply.Problem);
        if (request.Detach)
        {
            // The silo goes on without this session: it ends when the sweep has.
            if (json) ClientJson.Print(new { name = sweep.Name, trials = reply.Trials, existing = reply.Existing, plan = check.Plan() });
            else System.Console.Out.WriteLine($"sweep {sweep.Name}: {reply.Trials} trials, running; follow it with: {TrialCommands.Line(sweep, "watch")}");
            return ExitCodes.Done;
        }
        silo.Follows = sweep.Key;
        System.Console.Error.WriteLine(reply.Existing ? $"sweep {sweep.Name} is there already; following it" : $"sweep {sweep.Name}: {reply.Trials} trials");
        return await FollowAsync(context, silo, sweep, json, stop, check.Plan());
    }

    /// <summary>Takes up a sweep and follows it to its end.</summary>
    public static async Task<int> ResumeAsync(ClientContext context, SweepName sweep, bool retryFailed, int? slots, bool json, CancellationToken stop)
    {
        await RequireKnownAsync(context, sweep, stop);
        await using var silo = await SiloSession.ConnectAsync(context, start: true, SiloSession.SlotArguments(slots), stop);
        var grain = silo.Grains.GetGrain<ISweepGrain>(sweep.Key);
        await grain.ResumeAsync(retryFailed);
        silo.Follows = sweep.Key;
        return await FollowAsync(context, silo, sweep, json, stop);
    }

    /// <summary>Follows a sweep to its end. It is a look: a sweep that nothing drives is not taken up, and no silo is started.</summary>
    public static async Task<int> WatchAsync(ClientContext context, SweepName sweep, bool json, CancellationToken stop)
    {
        var status = await StoredState.StatusAsync(context, sweep.Checked(), stop);
        if (status.State == "unknown") throw await UnknownAsync(context, sweep, stop);
        if (_ended.Contains(status.State)) return ShowEnd(status, json);
        if (!status.Driven) throw new ClientException($"nothing drives the sweep '{sweep.Name}' now; take it up with: {TrialCommands.Line(sweep, "resume")}");
        try
        {
            await using var silo = await SiloSession.ConnectAsync(context, start: false, [], stop);
            if (!json) return await FollowAsync(context, silo, sweep, json: false, stop);
            var grain = silo.Grains.GetGrain<ISweepGrain>(sweep.Key);
            await foreach (var sweepEvent in grain.WatchAsync(0, stop)) ClientJson.Print(sweepEvent);
            return Code(await grain.GetStatusAsync());
        }
        catch (Exception e) when (e is ClientException or ArgumentException or Orleans.Runtime.OrleansException)
        {
            // Between the look and the call it has ended, and its silo with it; one that is on its way out offers no grains any more.
            if (await EndedMeanwhileAsync(context, sweep, stop) is not { } ended) throw;
            return ShowEnd(ended, json);
        }
    }

    // What is watched as JSON are events; there are none any more.
    private static int ShowEnd(SweepStatus status, bool json) => json ? Code(status) : Show(status, json: false);

    /// <summary>Shows the state of every trial.</summary>
    public static async Task<int> StatusAsync(ClientContext context, SweepName sweep, bool json, CancellationToken stop)
    {
        var status = await StoredState.StatusAsync(context, sweep.Checked(), stop);
        if (status.State == "unknown") throw await UnknownAsync(context, sweep, stop);
        if (json) ClientJson.Print(status);
        else SweepView.PrintStatus(status);
        if (!_ended.Contains(status.State) && !status.Driven)
            System.Console.Error.WriteLine($"nothing drives it now; take it up with: {TrialCommands.Line(sweep, "resume")}");
        return ExitCodes.Done;
    }

    /// <summary>Writes the report anew, and opens it where that is wanted.</summary>
    public static async Task<int> ReportAsync(ClientContext context, SweepName sweep, bool open, bool json, CancellationToken stop)
    {
        await RequireKnownAsync(context, sweep, stop);
        await using var silo = await SiloSession.ConnectAsync(context, start: true, [], stop);
        var grain = silo.Grains.GetGrain<ISweepGrain>(sweep.Key);
        var files = await grain.WriteReportAsync();
        if (json) ClientJson.Print(files);
        else SweepView.PrintSummary(await grain.GetStatusAsync() with { Report = files.Html });
        if (open) Opening.Open(files.Html);
        return ExitCodes.Done;
    }

    /// <summary>Cancels a sweep.</summary>
    public static async Task<int> CancelAsync(ClientContext context, SweepName sweep, bool json, CancellationToken stop)
    {
        await RequireKnownAsync(context, sweep, stop);
        await using var silo = await SiloSession.ConnectAsync(context, start: true, [], stop);
        var grain = silo.Grains.GetGrain<ISweepGrain>(sweep.Key);
        await grain.CancelAsync();
        if (json) ClientJson.Print(await grain.GetStatusAsync());
        else System.Console.Out.WriteLine($"sweep {sweep.Name} is cancelled; take it up again with: {TrialCommands.Line(sweep, "resume")}");
        return ExitCodes.Done;
    }

    /// <summary>Lists the sweeps of an experiment.</summary>
    public static async Task<int> ListAsync(ClientContext context, string experiment, bool json, CancellationToken stop)
    {
        var sweeps = await StoredState.ListAsync(context, experiment, stop);
        if (json) ClientJson.Print(sweeps);
        else SweepView.PrintList(sweeps);
        return ExitCodes.Done;
    }

    private static async Task<int> FollowAsync(ClientContext context, SiloSession silo, SweepName sweep, bool json, CancellationToken stop, JsonNode? plan = null)
    {
        var grain = silo.Grains.GetGrain<ISweepGrain>(sweep.Key);
        SweepStatus status;
        try
        {
            await SweepView.FollowAsync(grain, context.Time, s => _ended.Contains(s.State) || s.Problem is not null, stop);
            status = await grain.GetStatusAsync();
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            System.Console.Error.WriteLine(await silo.LeaveAsync()
                ? $"stopped; take the sweep up again with: {TrialCommands.Line(sweep, "resume")}"
                : $"the sweep goes on in the silo; follow it with: {TrialCommands.Line(sweep, "watch")}");
            throw;
        }
        catch (Orleans.Runtime.OrleansException e)
        {
            // This program was stopped, or its machine slept: the sweep may have ended meanwhile, and its silo with it.
            if (await EndedMeanwhileAsync(context, sweep, stop) is { } ended)
            {
                silo.Follows = null;
                return Show(ended, json, plan);
            }
            throw new ClientException($"the silo is gone ({e.Message}); take the sweep up again with: {TrialCommands.Line(sweep, "resume")}", ExitCodes.Failed);
        }
        if (_ended.Contains(status.State)) silo.Follows = null;
        if (status.Problem is { } problem)
            throw new ClientException($"the sweep's record cannot be written ({problem}); free space, then take it up again with: {TrialCommands.Line(sweep, "resume")}", ExitCodes.Failed);
        return Show(status, json, plan);
    }

    private static int Show(SweepStatus status, bool json, JsonNode? plan = null)
    {
        if (json) ClientJson.Print(Summary(status, plan));
        else SweepView.PrintSummary(status);
        return Code(status);
    }

    /// <summary>What the records say of a sweep whose silo is gone, where it has ended.</summary>
    private static async Task<SweepStatus?> EndedMeanwhileAsync(ClientContext context, SweepName sweep, CancellationToken stop)
    {
        try
        {
            return context.Cluster is null && await StoredState.StatusAsync(context, sweep, stop) is var status && _ended.Contains(status.State) ? status : null;
        }
        catch (ClientException)
        {
            // Why its silo is gone says more than why the records cannot be read.
            return null;
        }
    }

    /// <summary>The summary, with the plan that the run began with, where it is known.</summary>
    private static JsonObject Summary(SweepStatus status, JsonNode? plan)
    {
        var summary = SweepView.Summary(status);
        if (plan is not null) summary["plan"] = plan;
        return summary;
    }

    /// <summary>The slots that a sweep would have: of the silo that runs, whatever was asked for; else as many as it is started with.</summary>
    private static async Task<int> SlotsAsync(ClientContext context, int? asked, CancellationToken stop)
    {
        try
        {
            await using var silo = context.Cluster is null && !File.Exists(context.Home.SiloSocket) ? null : await SiloSession.TryConnectAsync(context, stop);
            if (silo is not null && await silo.Grains.GetGrain<IDeviceRegistryGrain>("default").ListAsync() is { Length: > 0 } there) return there.Length;
        }
        catch (Exception e) when (e is ClientException or Orleans.Runtime.OrleansException)
        {
            // A plan is told all the same; what is wrong with the silo shows where it is needed.
        }
        return asked ?? 1;
    }

    /// <summary>Refuses a sweep that there is not, before a silo is started for it.</summary>
    private static async Task RequireKnownAsync(ClientContext context, SweepName sweep, CancellationToken stop)
    {
        if ((await StoredState.StatusAsync(context, sweep.Checked(), stop)).State == "unknown") throw await UnknownAsync(context, sweep, stop);
    }

    /// <summary>The error for a sweep that there is not, with the name that is near to it.</summary>
    public static async Task<ClientException> UnknownAsync(ClientContext context, SweepName sweep, CancellationToken stop)
    {
        var near = Suggestions.Nearest(sweep.Name, [.. (await StoredState.ListAsync(context, sweep.Experiment, stop)).Select(known => known.Name)]);
        return new ClientException($"there is no sweep '{sweep.Name}' in the experiment '{sweep.Experiment}'; {(near is null ? "sweep list shows what there is" : $"did you mean '{near}'? sweep list shows what there is")}");
    }

    private static int Code(SweepStatus status) => status.State switch { "done" => ExitCodes.Done, "cancelled" => ExitCodes.Cancelled, _ => ExitCodes.Failed };
}
