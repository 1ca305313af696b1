using System.Text.Json;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Facts;
using AlpacaCot.Worker.Protocol;
using AlpacaCot.Worker.Protocol.Tools;

namespace AlpacaCot.Tests.Supervision;

/// <summary>
/// A worker that prepares data without reading any: it says in its log what it was asked, and answers once the file <c>go</c> lies in the base directory. The mix <c>broken</c> fails, of <c>empty</c>
/// nothing is left, and <c>gone</c> ends the process.
/// </summary>
internal static class PreparingWorker
{
    public static async Task<int> RunAsync(string path)
    {
        await using var connection = await WorkerConnection.ConnectAsync(path, CancellationToken.None);
        await foreach (var command in connection.CommandsAsync(CancellationToken.None))
        {
            if (command is not StartCommand { Job: ToolJob { Request: PrepareRequest { Mix: { } mix } request } } start) continue;
            Console.WriteLine($"prepares {mix}");
            while (!File.Exists(Path.Combine(request.BaseDirectory, "go"))) await Task.Delay(10);
            if (mix == "gone") return 3;
            WorkerEvent answer = mix == "broken" ? new FailedEvent(start.Assignment, start.Fence, FailureKind.Data, "the tokenizer cannot be read")
                : new OutputEvent(start.Assignment, start.Fence, JsonSerializer.SerializeToElement(new SpecFacts
                {
                    Mixes = [new MixFacts { Model = "a", Data = mix, Kept = 5, Tokens = 70, Error = mix == "empty" ? "nothing is left" : null }],
                }, Frames.Json));
            await connection.SendAsync(answer, CancellationToken.None);
            if (answer is OutputEvent) await connection.SendAsync(new DoneEvent(start.Assignment, start.Fence, 1, 1), CancellationToken.None);
            Console.WriteLine($"prepared {mix}");
        }
        return 0;
    }
}
