using System.Diagnostics;
using System.Text.Json;
using AlpacaCot.Client.Library;
using AlpacaCot.Files;
using AlpacaCot.Grains.Contracts;
using AlpacaCot.Supervision;
using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Client.Running;

/// <summary>What the records of a home say about its sweeps where no silo runs: the silo's program reads them and ends, which takes a fraction of a silo's start.</summary>
internal static class StoredState
{
    private const int HeldBySilo = 3;
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(100);

    /// <summary>The sweeps of an experiment: from the silo that runs, else from disk.</summary>
    public static Task<SweepSummary[]> ListAsync(ClientContext context, string experiment, CancellationToken stop)
        => AskAsync(context, grains => grains.GetGrain<IExperimentGrain>(experiment).ListAsync(), stop, "--stored-sweeps", experiment);

    /// <summary>A sweep: from the silo that runs, else from disk.</summary>
    public static Task<SweepStatus> StatusAsync(ClientContext context, SweepName sweep, CancellationToken stop)
        => AskAsync(context, grains => grains.GetGrain<ISweepGrain>(sweep.Key).GetStatusAsync(), stop, "--stored-status", sweep.Key);

    /// <summary>What a sweep is made of: from the silo that runs, else from disk; null where there is no such sweep.</summary>
    public static Task<SweepDetails?> ShowAsync(ClientContext context, SweepName sweep, CancellationToken stop)
        => AskAsync(context, grains => grains.GetGrain<ISweepGrain>(sweep.Key).ShowAsync(), stop, "--stored-sweep", sweep.Key);

    /// <summary>All that is known of a trial: from the silo that runs, else from disk; null where there is no such trial.</summary>
    public static Task<TrialDetails?> ShowTrialAsync(ClientContext context, SweepName sweep, string trial, CancellationToken stop)
        => AskAsync(context, grains => grains.GetGrain<ISweepGrain>(sweep.Key).ShowTrialAsync(trial), stop, "--stored-trial", sweep.Key, trial);

    private static async Task<T> AskAsync<T>(ClientContext context, Func<IGrainFactory, Task<T>> ask, CancellationToken stop, params string[] question)
    {
        var began = context.Time.GetTimestamp();
        while (true)
        {
            try
            {
                await using var silo = await SiloSession.TryConnectAsync(context, stop);
                if (silo is not null) return await ask(silo.Grains);
            }
            catch (Orleans.Runtime.SiloUnavailableException)
            {
                // It has ended in between: its records are to be read now.
            }
            var (code, answer, problem) = await ReadAsync(context, question, stop);
            if (code == 0 && answer.Length > 0) return JsonSerializer.Deserialize<T>(answer, Frames.Json)!;
            if (code == 0) throw new ClientException("the silo's program answered nothing", ExitCodes.Failed);
            if (code != HeldBySilo) throw new ClientException(problem.Replace("error: ", "", StringComparison.Ordinal).Trim(), ExitCodes.Failed);
            // A silo has the records but does not listen yet, or does not any more.
            if (context.Time.GetElapsedTime(began) > _patience) throw new ClientException($"a silo holds {context.Home.State} but does not answer; its log is in {context.Home.Logs}", ExitCodes.Failed);
            await Task.Delay(_pause, context.Time, stop);
        }
    }

    private static async Task<(int Code, string Answer, string Problem)> ReadAsync(ClientContext context, string[] question, CancellationToken stop)
    {
        var command = Siblings.Command(context.Programs.Find("Silo"));
        var info = new ProcessStartInfo(command[0], [.. command.Skip(1), .. question]) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        info.Environment[HomeLayout.Variable] = context.Home.Root;
        using var process = Process.Start(info) ?? throw new ClientException("the silo's program could not be started", ExitCodes.Failed);
        using var late = CancellationTokenSource.CreateLinkedTokenSource(stop);
        late.CancelAfter(_patience);
        try
        {
            var answer = process.StandardOutput.ReadToEndAsync(late.Token);
            var problem = process.StandardError.ReadToEndAsync(late.Token);
            await process.WaitForExitAsync(late.Token);
            return (process.ExitCode, await answer, await problem);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            stop.ThrowIfCancellationRequested();
            throw new ClientException($"the records under {context.Home.State} could not be read within {_patience.TotalSeconds} s: does their disk answer?", ExitCodes.Failed);
        }
    }
}
