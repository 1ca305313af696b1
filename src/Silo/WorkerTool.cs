using System.Text.Json;
using AlpacaCot.Files;
using AlpacaCot.Supervision;
using AlpacaCot.Worker.Protocol;
using AlpacaCot.Worker.Protocol.Tools;

namespace AlpacaCot.Silo;

/// <summary>A question that takes a worker to answer, as one job: what GPUs there are, what the names of a sweep file stand for.</summary>
/// <param name="Home">The home.</param>
/// <param name="Program">The worker's program.</param>
internal sealed record WorkerTool(HomeLayout Home, string Program)
{
    /// <summary>Starts a worker, asks it and returns its last answer.</summary>
    /// <param name="request">What it is asked.</param>
    /// <param name="cancellationToken">Ends the worker.</param>
    /// <exception cref="WorkerToolException">The worker cannot be started, or gave no answer.</exception>
    public async Task<T> AskAsync<T>(ToolRequest<T> request, CancellationToken cancellationToken)
    {
        var tool = request.Tool;
        try
        {
            Directory.CreateDirectory(Home.Logs);
            await using var worker = await WorkerProcess.StartAsync(
                new WorkerStart { Program = Program, SocketFolder = Home.Run, LogFile = Path.Combine(Home.Logs, $"{tool}.log") }, cancellationToken);
            await worker.SendAsync(new StartCommand(tool, 1, new ToolJob(request, Home.WorkerFolders)), cancellationToken);
            JsonElement? last = null;
            await foreach (var workerEvent in worker.EventsAsync(cancellationToken))
                switch (workerEvent)
                {
                    case OutputEvent output:
                        last = output.Document;
                        break;
                    case FailedEvent failed:
                        throw new WorkerToolException(failed.Message);
                    case DoneEvent when last is { } document && document.Deserialize<T>(Frames.Json) is { } answer:
                        return answer;
                }
            throw new WorkerToolException(await worker.DescribeEndAsync());
        }
        catch (Exception e) when (e is WorkerStartException or IOException)
        {
            throw new WorkerToolException(e.Message);
        }
    }
}

/// <summary>A worker could not answer; one line for people.</summary>
internal sealed class WorkerToolException(string message) : Exception(message);
