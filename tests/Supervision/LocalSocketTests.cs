using System.Net.Sockets;
using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Tests.Supervision;

/// <summary>Who can reach a socket.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class LocalSocketTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Bind_IsItsOwnersAloneBeforeItListens()
    {
        using var socket = LocalSocket.Bind(_folder["s"]);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_folder["s"]));
        await Assert.ThrowsAsync<SocketException>(() => LocalSocket.ConnectAsync(_folder["s"], CancellationToken.None));
        socket.Listen(1);
        using var client = await LocalSocket.ConnectAsync(_folder["s"], CancellationToken.None);
        Assert.True(LocalSocket.IsOfThisUser(client));
    }

    [Theory]
    [InlineData(20)]
    [InlineData(200)]
    public async Task Connect_PathOfAnyLength_ReachesThePeerThatTheKernelNames(int characters)
    {
        var folder = Directory.CreateDirectory(_folder[new string('f', characters)]).FullName;
        var path = Path.Combine(folder, "s");
        using var listener = LocalSocket.Bind(path);
        listener.Listen(1);
        Assert.True(File.Exists(path));
        using var client = await LocalSocket.ConnectAsync(path, CancellationToken.None);
        using var server = await listener.AcceptAsync();
        Assert.True(LocalSocket.IsOfThisUser(server));
        if (OperatingSystem.IsLinux()) Assert.Equal(Environment.ProcessId, LocalSocket.ProcessOf(server));
    }

    [Fact]
    public async Task Connect_LongPathWhoseFolderIsNot_SaysSo()
        => Assert.Contains("cannot be opened", (await Assert.ThrowsAsync<IOException>(() => LocalSocket.ConnectAsync(_folder[$"{new string('f', 200)}/s"], CancellationToken.None))).Message, StringComparison.Ordinal);

    /// <summary>Where the folder and the socket were opened by hand, the kernel still says whose process it is.</summary>
    [Fact]
    public async Task Peer_OfAnotherUser_IsNotThisUsers()
    {
        var asOther = OtherUser.Arguments(typeof(LocalSocketTests).Assembly.Location);
        const UnixFileMode Open = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;
        File.SetUnixFileMode(_folder.Path, Open);
        using var listener = LocalSocket.Bind(_folder["s"]);
        File.SetUnixFileMode(_folder["s"], Open);
        listener.Listen(1);
        var program = AlpacaCot.Supervision.Siblings.Command(typeof(LocalSocketTests).Assembly.Location);
        using var other = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo(OtherUser.Setpriv, [.. asOther, .. program, _folder["s"], "text"]))!;
        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(120));
        using (var server = await listener.AcceptAsync(late.Token))
        {
            Assert.False(LocalSocket.IsOfThisUser(server));
            Assert.Equal(other.Id, LocalSocket.ProcessOf(server));
        }
        await other.WaitForExitAsync(late.Token);
    }
}
