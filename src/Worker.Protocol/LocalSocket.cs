using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace AlpacaCot.Worker.Protocol;

/// <summary>
/// Unix sockets of the platform: their owner's alone before they listen, in folders whose paths may be longer than a socket's own path can be, and with the peer known by what the kernel says of it.
/// </summary>
public static class LocalSocket
{
    /// <summary>The most bytes of a socket's path: 108 with the zero at its end (sockaddr_un of Linux; macOS has 104).</summary>
    private const int MostBytes = 103;
    private const int SocketLevel = 1, PeerCredentials = 17;           // SOL_SOCKET, SO_PEERCRED
    private const int PathOnly = 0x20_0000, CloseOnExec = 0x8_0000;    // O_PATH, O_CLOEXEC

    /// <summary>A bound socket that does not listen yet: nobody can connect before it is its owner's alone.</summary>
    /// <exception cref="SocketException">It cannot be bound.</exception>
    /// <exception cref="IOException">Its folder cannot be opened.</exception>
    public static Socket Bind(string path)
    {
        var socket = New();
        try
        {
            using var address = new ShortPath(path);
            socket.Bind(address.EndPoint);
            if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Connects.</summary>
    /// <exception cref="SocketException">Nobody listens there.</exception>
    /// <exception cref="IOException">Its folder cannot be opened.</exception>
    public static async Task<Socket> ConnectAsync(string path, CancellationToken cancellationToken)
    {
        var socket = New();
        try
        {
            using var address = new ShortPath(path);
            await socket.ConnectAsync(address.EndPoint, cancellationToken).ConfigureAwait(false);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Whether the process at the other end is this user's. The folder keeps others out already; this holds where its mode was changed, or a socket was handed on.</summary>
    public static bool IsOfThisUser(Socket connected) => !OperatingSystem.IsLinux() || PeerOf(connected).User == EffectiveUser();

    /// <summary>The process at the other end; null where the system does not say.</summary>
    public static int? ProcessOf(Socket connected) => OperatingSystem.IsLinux() ? PeerOf(connected).Process : null;

    private static Socket New() => new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    private static (int Process, uint User) PeerOf(Socket connected)
    {
        Span<byte> credentials = stackalloc byte[12];
        connected.GetRawSocketOption(SocketLevel, PeerCredentials, credentials);
        return (MemoryMarshal.Read<int>(credentials), MemoryMarshal.Read<uint>(credentials[4..]));
    }

    [DllImport("libc", EntryPoint = "geteuid"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern uint EffectiveUser();

    [DllImport("libc", EntryPoint = "open", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

    /// <summary>A path that is short enough: its own, or one that goes through a descriptor of its folder.</summary>
    private sealed class ShortPath : IDisposable
    {
        private readonly SafeFileHandle? _folder;

        public ShortPath(string path)
        {
            if (Encoding.UTF8.GetByteCount(path) > MostBytes && OperatingSystem.IsLinux())
            {
                var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
                _folder = new SafeFileHandle(Open(folder, PathOnly | CloseOnExec), ownsHandle: true);
                if (_folder.IsInvalid) throw new IOException($"the folder {folder} cannot be opened: {Marshal.GetLastPInvokeErrorMessage()}");
                path = FormattableString.Invariant($"/proc/self/fd/{_folder.DangerousGetHandle()}/{Path.GetFileName(path)}");
            }
            EndPoint = new UnixDomainSocketEndPoint(path);
        }

        public UnixDomainSocketEndPoint EndPoint { get; }

        public void Dispose() => _folder?.Dispose();
    }
}
