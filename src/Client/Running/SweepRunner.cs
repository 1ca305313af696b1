using System.Text.Json;
using AlpacaCot.Client.Console;
using AlpacaCot.Grains.Contracts;
using AlpacaCot.Specs;
using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Client.Running;

/// <summary>What the commands of <c>sweep</c> do.</summary>
internal static class SweepRunner
{
    private static readonly string[] _ended = ["done", "failed", "cancelled"];

    /// <summary>Checks a file and shows the plan.</summary>
    public static async Task<int> ValidateAsync(ClientContext context, string file, bool json, CancellationToken stop)
    {
        var check = await SweepPreflight.CheckAsync(context, file, stop);
        if (json) ClientJson.Print(check.ToJson());
        else check.Print(System.Console.Out);
        return check.IsValid ? ExitCodes.Done : ExitCodes.Wrong;
    }

    /// <summary>Checks a file, submits it and follows it to its end.</summary>
    public static async Task<int> RunAsync(ClientContext context, string file, string? name, string experiment, int? slots, bool fresh, bool json, CancellationToken stop)
    {
        var check = await SweepPreflight.CheckAsync(context, file, stop);
        if (!check.IsValid)
        {
            check.Print(System.Console.Error);
            return ExitCodes.Wrong;
        }
        check.PrintAdvice(System.Console.Error);
        var sweep = new SweepName(experiment, name ?? check.Name).Checked();
        await using var silo = await SiloSession.ConnectAsync(context, start: true, SlotArguments(slots), stop);
        var reply = await silo.Grains.GetGrain<IExperimentGrain>(experiment).SubmitAsync(new SubmitSweep
        {
            Name = sweep.Name, Yaml = SweepSpecJson.Write(check.Spec), BaseDirectory = check.BaseDirectory, Facts = JsonSerializer.Serialize(check.Facts, Frames.Json), Directory = context.Home.Sweep(experiment, sweep.Name),
            Fresh = fresh,
        });
        if (reply.Problem is not null) throw new ClientException(reply.Problem);
        silo.Follows = sweep.Key;
        System.Console.Error.WriteLine(reply.Existing ? $"sweep {sweep.Name} is there already; following it" : $"sweep {sweep.Name}: {reply.Trials} trials");
        return await FollowAsync(context, silo, sweep, json, stop);
    }

    /// <summary>Takes up a sweep and follows it to its end.</summary>
    public static async Task<int> ResumeAsync(ClientContext context, SweepName sweep, bool retryFailed, int? slots, bool json, CancellationToken stop)
    {
        await using var silo = await SiloSession.ConnectAsync(context, start: true, SlotArguments(slots), stop);
        var grain = await KnownAsync(silo, sweep);
        await grain.ResumeAsync(retryFailed);
        silo.Follows = sweep.Key;
        return await FollowAsync(context, silo, sweep, json, stop);
    }

    /// <summary>Follows a sweep to its end.</summary>
    public static async Task<int> WatchAsync(ClientContext context, SweepName sweep, bool json, CancellationToken stop)
    {
        await using var silo = await SiloSession.ConnectAsync(context, start: false, [], stop);
        var grain = await KnownAsync(silo, sweep);
        // A silo that a command has started drives only what it is asked for: to follow a sweep is to ask for it.
        await grain.WakeAsync();
        if (!json) return await FollowAsync(context, silo, sweep, json: false, stop);
        await foreach (var news in grain.WatchAsync(0, stop)) ClientJson.Print(news);
        return Code(await grain.GetStatusAsync());
    }

    /// <summary>Shows the state of every trial.</summary>
    public static async Task<int> StatusAsync(ClientContext context, SweepName sweep, bool json, CancellationToken stop)
    {
        var status = await StoredState.StatusAsync(context, sweep.Checked(), stop);
        if (status.State == "unknown") throw Unknown(sweep);
        if (json) ClientJson.Print(status);
        else SweepView.PrintStatus(status);
        return ExitCodes.Done;
    }

    /// <summary>Writes the report anew, and opens it where that is wanted.</summary>
    public static async Task<int> ReportAsync(ClientContext context, SweepName sweep, bool open, bool json, CancellationToken stop)
    {
        await using var silo = await SiloSession.ConnectAsync(context, start: true, [], stop);
        var files = await (await KnownAsync(silo, sweep)).WriteReportAsync();
        if (json) ClientJson.Print(files);
        else
        {
            System.Console.Out.WriteLine(await File.ReadAllTextAsync(files.Markdown, stop));
            System.Console.Out.WriteLine(files.Html);
        }
        if (open) Opening.Open(files.Html);
        return ExitCodes.Done;
    }

    /// <summary>Cancels a sweep.</summary>
    public static async Task<int> CancelAsync(ClientContext context, SweepName sweep, bool json, CancellationToken stop)
    {
        await using var silo = await SiloSession.ConnectAsync(context, start: true, [], stop);
        var grain = await KnownAsync(silo, sweep);
        await grain.CancelAsync();
        if (json) ClientJson.Print(await grain.GetStatusAsync());
        else System.Console.Out.WriteLine($"sweep {sweep.Name} is cancelled; take it up again with: ./alpacacot sweep resume {sweep.Name}");
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

    private static async Task<int> FollowAsync(ClientContext context, SiloSession silo, SweepName sweep, bool json, CancellationToken stop)
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
                ? $"stopped; take the sweep up again with: ./alpacacot sweep resume {sweep.Name}"
                : $"the sweep goes on in the silo; follow it with: ./alpacacot sweep watch {sweep.Name}");
            throw;
        }
        catch (Orleans.Runtime.OrleansException e)
        {
            throw new ClientException($"the silo is gone ({e.Message}); take the sweep up again with: ./alpacacot sweep resume {sweep.Name}", ExitCodes.Failed);
        }
        if (_ended.Contains(status.State)) silo.Follows = null;
        if (status.Problem is { } problem)
            throw new ClientException($"the sweep's record cannot be written ({problem}); free space, then take it up again with: ./alpacacot sweep resume {sweep.Name}", ExitCodes.Failed);
        if (json) ClientJson.Print(SweepView.Summary(status));
        else SweepView.PrintSummary(status);
        return Code(status);
    }

    private static async Task<ISweepGrain> KnownAsync(SiloSession silo, SweepName sweep)
    {
        var grain = silo.Grains.GetGrain<ISweepGrain>(sweep.Checked().Key);
        if ((await grain.GetStatusAsync()).State != "unknown") return grain;
        throw Unknown(sweep);
    }

    private static ClientException Unknown(SweepName sweep) => new($"there is no sweep '{sweep.Name}' in the experiment '{sweep.Experiment}'; sweep list shows what there is");

    private static string[] SlotArguments(int? slots) => slots is { } n ? ["--slots", n.ToString(System.Globalization.CultureInfo.InvariantCulture)] : [];

    private static int Code(SweepStatus status) => status.State switch { "done" => ExitCodes.Done, "cancelled" => ExitCodes.Cancelled, _ => ExitCodes.Failed };
}
