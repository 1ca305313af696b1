using System.Text.Json;
using AlpacaCot.Specs;
using AlpacaCot.Supervision;
using AlpacaCot.Worker.Protocol;
using AlpacaCot.Worker.Protocol.Tools;

namespace AlpacaCot.Client.Library;

/// <summary>Starts a worker with one job and hands over its answers; the context's view is told how it goes.</summary>
internal static class ToolRunner
{
    /// <summary>A step of training, the longest that a job takes to notice a cancellation where nothing is wrong, is shorter.</summary>
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(3);

    /// <summary>Some tools say nothing between their beginning and their end, and the largest models take an hour to convert; whoever waits can end them before.</summary>
    private static readonly SilenceLimits _silence = new() { Unmeasured = TimeSpan.FromHours(3) };

    private static readonly TimeSpan _look = TimeSpan.FromSeconds(5);

    /// <summary>Runs a tool and returns its last answer.</summary>
    /// <exception cref="ClientException">The tool failed.</exception>
    public static async Task<T> AskAsync<T>(ClientContext context, ToolRequest<T> request, CancellationToken cancellationToken)
    {
        OutputEvent? last = null;
        await RunAsync(context, request, output => last = output, cancellationToken);
        return last is { } output && output.Document.Deserialize<T>(Frames.Json) is { } answer ? answer : throw new ClientException($"{request.Tool} gave no answer", ExitCodes.Failed);
    }

    /// <summary>Runs a tool to its end and hands over its answers as they come.</summary>
    /// <exception cref="ClientException">The tool failed.</exception>
    public static async Task RunAsync(ClientContext context, ToolRequest request, Action<OutputEvent> show, CancellationToken cancellationToken)
    {
        var tool = request.Tool;
        Directory.CreateDirectory(context.Home.Logs);
        var program = context.Programs.Find("Worker");
        context.Programs.Remember(program);
        using var held = context.Hold?.Invoke();
        using var view = new Shown(context.View);
        await using var worker = await WorkerProcess.StartAsync(
            new WorkerStart
            {
                Program = program,
                SocketFolder = context.Home.Run,
                LogFile = Path.Combine(context.Home.Logs, $"tool-{tool.Replace(' ', '-')}-{Environment.ProcessId}.log"),
            },
            cancellationToken);
        await worker.SendAsync(new StartCommand(tool, 1, new ToolJob(request, context.Home.WorkerFolders)), cancellationToken);
        // Nobody waits for it: what it does shows in the worker's events, or ends them.
        await using var stop = cancellationToken.Register(() => _ = CancelAsync(worker, tool, context.Time));
        var (pulse, gate) = (new Pulse(_silence, context.Time, _look), new Lock());
        string? hangs = null;
        await using var watch = context.Time.CreateTimer(_ => Watch(), null, _look, _look);
        await foreach (var workerEvent in worker.EventsAsync(CancellationToken.None))
        {
            lock (gate) pulse.Heard(workerEvent);
            switch (workerEvent)
            {
                case ProgressEvent progress:
                    context.View?.Progress(progress);
                    break;
                case RemarkEvent remark:
                    context.View?.Say($"remark: {remark.Text}");
                    break;
                case OutputEvent output:
                    context.View?.EndProgress();
                    show(output);
                    break;
                case FailedEvent failed:
                    if (failed.Kind == FailureKind.Cancelled) throw new OperationCanceledException(cancellationToken);
                    throw new ClientException(failed.Message, failed.Kind == FailureKind.Data ? ExitCodes.Wrong : ExitCodes.Failed);
                case DoneEvent:
                    Forget(worker);
                    return;
            }
        }
        cancellationToken.ThrowIfCancellationRequested();
        if (hangs is not null) throw new ClientException($"{hangs}; its log is {worker.LogFile}", ExitCodes.Failed);
        throw new ClientException($"{await worker.DescribeEndAsync()}; its log is {worker.LogFile}", ExitCodes.Failed);

        void Watch()
        {
            lock (gate)
            {
                if (hangs is not null || !pulse.IsOver(out var silent)) return;
                hangs = silent;
            }
            worker.Kill();
        }
    }

    /// <summary>Asks a worker to stop; one that computes where it cannot be asked is ended.</summary>
    private static async Task CancelAsync(WorkerProcess worker, string tool, TimeProvider time)
    {
        try
        {
            await worker.SendAsync(new CancelCommand(tool, 1), CancellationToken.None).WaitAsync(_patience, time);
            await Task.Delay(_patience, time);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or TimeoutException)
        {
            // It has ended by itself in between, or does not read: its events, or their end, say how.
        }
        worker.Kill();
    }

    /// <summary>The log of a tool that went well and said nothing is of no use.</summary>
    private static void Forget(WorkerProcess worker)
    {
        if (File.Exists(worker.LogFile) && new FileInfo(worker.LogFile).Length == 0) File.Delete(worker.LogFile);
    }

    /// <summary>What is shown of a job goes with it, however it ends.</summary>
    private sealed class Shown(IClientView? view) : IDisposable
    {
        public void Dispose() => view?.EndProgress();
    }
}
