using System.Net.Sockets;

namespace AlpacaCot.Worker.Protocol;

/// <summary>
/// Ties a worker to its supervisor. The kernel kills it when the supervisor ends however that happens; a thread of its own ends it when the socket is closed and the rest of the process
/// is too busy to notice (it computes, or parses); and it leads a group of processes, by which the supervisor ends what it has started.
/// </summary>
internal sealed class SupervisorTie
{
    private static readonly TimeSpan _period = TimeSpan.FromMilliseconds(250);

    /// <summary>Looks at a closed socket before the process is ended: a worker that notices by itself ends in order.</summary>
    private const int Patience = 4;

    private readonly Socket _socket;
    private readonly int _parent;

    private SupervisorTie(Socket socket, int parent) => (_socket, _parent) = (socket, parent);

    /// <summary>Makes the tie to the parent; before the socket is connected, so that a parent that is gone by then is noticed by that.</summary>
    /// <returns>The parent's process id.</returns>
    public static int ToParent()
    {
        NativeCalls.LeadGroup();
        var parent = NativeCalls.Parent();
        NativeCalls.DieWithParent();
        return parent;
    }

    /// <summary>Watches parent and socket from now on.</summary>
    public static void Watch(Socket socket, int parent)
        => new Thread(new SupervisorTie(socket, parent).Run) { IsBackground = true, Name = "supervisor", Priority = ThreadPriority.AboveNormal }.Start();

    private void Run()
    {
        using var pause = new ManualResetEventSlim();
        for (var closed = 0; closed < Patience && NativeCalls.Parent() == _parent;)
        {
            // Nobody sets it: the wait is the pause between two looks.
            pause.Wait(_period);
            closed = IsClosed() ? closed + 1 : 0;
        }
        NativeCalls.KillGroup(Environment.ProcessId);
        Environment.FailFast("the supervisor is gone");
    }

    private bool IsClosed()
    {
        try
        {
            return _socket.Poll(0, SelectMode.SelectRead) && _socket.Available == 0;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            return true;
        }
    }
}
