using System.Net.Sockets;
using System.Runtime.CompilerServices;

namespace AlpacaCot.Worker.Protocol;

/// <summary>The supervisor as its worker sees it.</summary>
public sealed class WorkerConnection : IAsyncDisposable
{
    private readonly NetworkStream _stream;
    private readonly SemaphoreSlim _sending = new(1, 1);

    private WorkerConnection(NetworkStream stream) => _stream = stream;

    /// <summary>Connects to the socket that the supervisor named and says hello. From then on this process ends with its supervisor.</summary>
    public static Task<WorkerConnection> ConnectAsync(string socketPath, CancellationToken cancellationToken) => ConnectAsync(socketPath, isTied: true, cancellationToken);

    /// <summary>The same in a process that goes on when the socket is closed: of tests, which the tie would end.</summary>
    internal static async Task<WorkerConnection> ConnectAsync(string socketPath, bool isTied, CancellationToken cancellationToken)
    {
        var parent = isTied ? SupervisorTie.ToParent() : 0;
        var socket = await LocalSocket.ConnectAsync(socketPath, cancellationToken).ConfigureAwait(false);
        if (isTied) SupervisorTie.Watch(socket, parent);
        var connection = new WorkerConnection(new NetworkStream(socket, ownsSocket: true));
        await connection.SendAsync(new HelloEvent(Frames.Version, Environment.ProcessId), cancellationToken).ConfigureAwait(false);
        return connection;
    }

    /// <summary>Sends an event.</summary>
    /// <exception cref="ProtocolException">The event cannot be sent; others can.</exception>
    /// <exception cref="IOException">The supervisor is gone.</exception>
    public async Task SendAsync(WorkerEvent message, CancellationToken cancellationToken)
    {
        await _sending.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await Frames.WriteAsync(_stream, message, cancellationToken).ConfigureAwait(false);
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
