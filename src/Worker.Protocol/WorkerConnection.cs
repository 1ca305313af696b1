using System.Net.Sockets;
using System.Runtime.CompilerServices;
using AlpacaCot.Specs;

namespace AlpacaCot.Worker.Protocol;

/// <summary>The supervisor as its worker sees it.</summary>
public sealed class WorkerConnection : IAsyncDisposable
{
    private readonly NetworkStream _stream;
    private readonly SemaphoreSlim _sending = new(1, 1);
    private (string Assignment, long Fence)? _failed;

    private WorkerConnection(NetworkStream stream) => _stream = stream;

    /// <summary>Connects to the socket that the supervisor named and says hello. From then on this process ends with its supervisor.</summary>
    public static async Task<WorkerConnection> ConnectAsync(string socketPath, CancellationToken cancellationToken)
    {
        var parent = SupervisorTie.ToParent();
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(socketPath), cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
        SupervisorTie.Watch(socket, parent);
        var connection = new WorkerConnection(new NetworkStream(socket, ownsSocket: true));
        await connection.SendAsync(new HelloEvent(Frames.Version, Environment.ProcessId), cancellationToken).ConfigureAwait(false);
        return connection;
    }

    /// <summary>
    /// Sends an event. One that is larger than a frame may be fails its job instead, and nothing more is said of that job: whoever waits for it would wait for ever.
    /// </summary>
    public async Task SendAsync(WorkerEvent message, CancellationToken cancellationToken)
    {
        await _sending.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (message is IJobEvent late && (late.Assignment, late.Fence) == _failed) return;
            try
            {
                await Frames.WriteAsync(_stream, message, cancellationToken).ConfigureAwait(false);
            }
            catch (ProtocolException e) when (message is IJobEvent of)
            {
                _failed = (of.Assignment, of.Fence);
                await Frames.WriteAsync<WorkerEvent>(_stream, new FailedEvent(of.Assignment, of.Fence, FailureKind.Data, $"{e.Message}: ask for less at once"), cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            _sending.Release();
        }
    }

    /// <summary>The supervisor's commands until it closes the socket.</summary>
    public async IAsyncEnumerable<WorkerCommand> CommandsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (true)
        {
            WorkerCommand? command;
            try
            {
                command = await Frames.ReadAsync<WorkerCommand>(_stream, cancellationToken).ConfigureAwait(false);
            }
            catch (IOException e) when (e is not ProtocolException)
            {
                yield break;
            }
            if (command is null) yield break;
            yield return command;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stream.DisposeAsync().ConfigureAwait(false);
        _sending.Dispose();
    }
}
