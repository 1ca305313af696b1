using System.Text.Json;
using AlpacaCot.Files;
using AlpacaCot.Supervision;
using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Silo;

/// <summary>The GPUs of this machine, as a worker's libtorch sees them.</summary>
internal static class Gpus
{
    // libtorch with CUDA is gigabytes to map, from a disk that may be slow.
    private static readonly TimeSpan _patience = TimeSpan.FromMinutes(2);

    /// <summary>Requires as many GPUs as slots are to be on them: a slot without its device would fail every trial that it is given.</summary>
    /// <exception cref="FormatException">There are fewer, or no worker can say.</exception>
    public static async Task RequireAsync(int wanted, HomeLayout home, string workerProgram)
    {
        if (wanted == 0) return;
        var found = await CountAsync(home, workerProgram);
        if (found == 0) throw new FormatException($"--gpus {wanted}: libtorch finds no NVIDIA GPU here; build with -p:Torch=cuda on a machine that has one, or use --slots");
        if (found < wanted) throw new FormatException($"--gpus {wanted}: this machine has {found}");
    }

    private static async Task<int> CountAsync(HomeLayout home, string workerProgram)
    {
        using var late = new CancellationTokenSource(_patience);
        try
        {
            await using var worker = await WorkerProcess.StartAsync(
                new WorkerStart { Program = workerProgram, SocketFolder = home.Run, LogFile = Path.Combine(home.Logs, "devices.log") }, late.Token);
            await worker.SendAsync(new StartCommand("devices", 1, new ToolJob("devices", JsonSerializer.SerializeToElement(new { }), home.WorkerFolders)), late.Token);
            await foreach (var news in worker.EventsAsync(late.Token))
                switch (news)
                {
                    case OutputEvent output:
                        return output.Document.Deserialize<DeviceCount>(Frames.Json)!.Gpus;
                    case FailedEvent failed:
                        throw new FormatException($"--gpus cannot be used: {failed.Message}");
                }
            throw new FormatException($"--gpus cannot be used: {await worker.DescribeEndAsync()}");
        }
        catch (Exception e) when (e is WorkerStartException or OperationCanceledException or IOException)
        {
            throw new FormatException($"--gpus cannot be used: no worker could say what GPUs there are: {e.Message}", e);
        }
    }
}
