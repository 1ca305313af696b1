using AlpacaCot.Specs;
using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Tests.Supervision;

/// <summary>A worker that serves a model which answers what it is told: <c>say N</c> is N chunks, <c>wait</c> none until it is cancelled, <c>job</c> the threads that it was given, <c>adapter</c> the adapter and the cue that it was asked with, <c>die</c> the process's end. The model <c>hang</c> is never loaded.</summary>
internal static class ServingWorker
{
    public static async Task<int> RunAsync(string path)
    {
        await using var connection = await WorkerConnection.ConnectAsync(path, CancellationToken.None);
        StartCommand? start = null;
        Task TellAsync(string request, long sequence, string text, string? finish)
            => connection.SendAsync(new TokensEvent(start!.Assignment, start.Fence, [new RequestTokens(request, sequence, [(int)sequence], text, finish)]), CancellationToken.None);
        await foreach (var command in connection.CommandsAsync(CancellationToken.None))
            switch (command)
            {
                case StartCommand { Job: ServeJob { Base.Path: "missing" } } job:
                    await connection.SendAsync(new FailedEvent(job.Assignment, job.Fence, FailureKind.Data, "no such model"), CancellationToken.None);
                    break;
                case StartCommand { Job: ServeJob { Base.Path: "hang" } }:
                    break;
                case StartCommand job:
                    start = job;
                    await connection.SendAsync(new StartedEvent(start.Assignment, start.Fence), CancellationToken.None);
                    await connection.SendAsync(new ProgressEvent(start.Assignment, start.Fence, null, "serve", 1, 1), CancellationToken.None);
                    break;
                case GenerateCommand { Prompt: "wait" } request:
                    await TellAsync(request.Request, 0, "waiting", null);
                    break;
                case GenerateCommand { Prompt: "die" } request:
                    await TellAsync(request.Request, 0, "dying", null);
                    Console.Error.WriteLine("told to die");
                    return 9;
                case GenerateCommand { Prompt: "job" } request:
                    await TellAsync(request.Request, 0, $"{((ServeJob)start!.Job).Threads}", "stop");
                    break;
                case GenerateCommand { Prompt: "adapter" } request:
                    await TellAsync(request.Request, 0, $"{request.Adapter}/{request.Cue}", "stop");
                    break;
                case GenerateCommand request:
                    var count = int.Parse(request.Prompt["say ".Length..], System.Globalization.CultureInfo.InvariantCulture);
                    for (var n = 0; n < count; n++) await TellAsync(request.Request, n, $"{n} ", n == count - 1 ? "stop" : null);
                    break;
                case CancelCommand cancel:
                    Console.Error.WriteLine($"cancelled {cancel.Assignment}");
                    break;
            }
        return 0;
    }
}
