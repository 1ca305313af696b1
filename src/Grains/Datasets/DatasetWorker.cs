using System.Text.Json;
using AlpacaCot.Files;
using AlpacaCot.Grains.Contracts;
using AlpacaCot.Grains.Slots;
using AlpacaCot.Grains.Workers;
using AlpacaCot.Specs.Facts;
using AlpacaCot.Supervision;
using AlpacaCot.Worker.Protocol;
using AlpacaCot.Worker.Protocol.Tools;
using Microsoft.Extensions.Logging;

namespace AlpacaCot.Grains.Datasets;

/// <summary>
/// The worker process that prepares data for this silo, one mix after the other: they would only take each other's processors. It is started for the first that waits, and ends after the last.
/// It has no slot: what it takes is a processor for seconds, and a sweep that is checked must not wait for another one's training.
/// </summary>
internal sealed class DatasetWorker(SlotOptions options, HomeLayout home, TimeProvider time, ILogger<DatasetWorker> logger) : IAsyncDisposable
{
    private readonly WarmWorker _warm = new("datasets/cpu0", options, logger);
    private readonly SemaphoreSlim _turn = new(1);
    private readonly CancellationTokenSource _closing = new();
    private int _waiting;
    private long _asked;

    /// <summary>Prepares a mix.</summary>
    /// <exception cref="OrleansException">The worker could not be started, or gave no answer.</exception>
    public async Task<MixFacts> PrepareAsync(DatasetRequest request)
    {
        Interlocked.Increment(ref _waiting);
        try
        {
            await _turn.WaitAsync(_closing.Token);
            try
            {
                return await AskAsync(request);
            }
            catch (Exception e)
            {
                // Whatever went wrong, the next begins with another process.
                await _warm.DropAsync();
                throw e is OrleansException ? e : new OrleansException($"{request.Data} could not be prepared: {e.Message}", e);
            }
            finally
            {
                if (Volatile.Read(ref _waiting) == 1) await _warm.DropAsync();
                _turn.Release();
            }
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        await _warm.DropAsync();
    }

    private async Task<MixFacts> AskAsync(DatasetRequest request)
    {
        var worker = await _warm.GetAsync(_closing.Token);
        var asked = new PrepareRequest { Spec = request.Spec, BaseDirectory = request.BaseDirectory, Mix = request.Data };
        // A number of its own: what an earlier job says late is not taken for this one's.
        var fence = ++_asked;
        await worker.Process.SendAsync(new StartCommand(asked.Tool, fence, new ToolJob(asked, home.WorkerFolders)), _closing.Token);
        var pulse = new Pulse(options.Silence, time, options.Heartbeat);
        SpecFacts? answer = null;
        while (true)
        {
            using var pause = new CancellationTokenSource(options.Heartbeat, time);
            using var wake = CancellationTokenSource.CreateLinkedTokenSource(pause.Token, _closing.Token);
            try
            {
                if (!await worker.Events.WaitToReadAsync(wake.Token)) throw new OrleansException(await worker.Process.DescribeEndAsync());
            }
            catch (OperationCanceledException) when (!_closing.IsCancellationRequested)
            {
                if (pulse.IsOver(out var silent)) throw new OrleansException(silent);
                continue;
            }
            while (worker.Events.TryRead(out var said))
            {
                pulse.Heard(said);
                switch (said)
                {
                    case OutputEvent output when output.Fence == fence:
                        answer = output.Document.Deserialize<SpecFacts>(Frames.Json);
                        break;
                    case FailedEvent failed when failed.Fence == fence:
                        throw new OrleansException(failed.Message);
                    case DoneEvent done when done.Fence == fence:
                        return answer?.Mixes is [var facts] ? facts : throw new OrleansException($"{request.Data} could not be prepared: the worker gave no answer");
                }
            }
        }
    }
}
