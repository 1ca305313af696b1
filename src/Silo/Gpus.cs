using AlpacaCot.Worker.Protocol;
using AlpacaCot.Worker.Protocol.Tools;

namespace AlpacaCot.Silo;

/// <summary>The GPUs of this machine, as a worker's libtorch sees them.</summary>
internal static class Gpus
{
    // libtorch with CUDA is gigabytes to map, from a disk that may be slow.
    private static readonly TimeSpan _patience = TimeSpan.FromMinutes(2);

    /// <summary>Requires as many GPUs as slots are to be on them: a slot without its device would fail every trial that it is given.</summary>
    /// <exception cref="FormatException">There are fewer, or no worker can say.</exception>
    public static async Task RequireAsync(int wanted, WorkerTool worker)
    {
        if (wanted == 0) return;
        using var late = new CancellationTokenSource(_patience);
        DeviceCount found;
        try
        {
            found = await worker.AskAsync(new DevicesRequest(), late.Token);
        }
        catch (Exception e) when (e is WorkerToolException or OperationCanceledException)
        {
            throw new FormatException($"--gpus {wanted} cannot be used: no worker could say what GPUs there are: {e.Message}", e);
        }
        if (found.Gpus >= wanted) return;
        throw new FormatException(
            $"--gpus {wanted}: {(found.Gpus == 0 ? "there is no NVIDIA GPU that libtorch can use" : $"there are only {found.Gpus}")}; looked for: {string.Join("; ", found.Looked)}. "
            + "Build with -p:Torch=cuda on a machine that has them, or use --slots");
    }
}
