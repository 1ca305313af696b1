using System.Net.Sockets;
using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Tests.WorkerProtocol;

/// <summary>The worker's end of the socket, and what a message means that leaves everything to its defaults.</summary>
public sealed class ConnectionTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    public ConnectionTests()
    {
        _listener.Bind(new UnixDomainSocketEndPoint(_folder["s"]));
        _listener.Listen(1);
    }

    public void Dispose()
    {
        _listener.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Connect_Supervisor_HearsHelloWithVersionAndProcessFirst()
    {
        await using var connection = await WorkerConnection.ConnectAsync(_folder["s"], isTied: false, TestContext.Current.CancellationToken);
        await using var stream = new NetworkStream(await _listener.AcceptAsync(TestContext.Current.CancellationToken), ownsSocket: true);
        Assert.Equal(new HelloEvent(Frames.Version, Environment.ProcessId), await Frames.ReadAsync<WorkerEvent>(stream, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Commands_BrokenFrame_IsAnErrorAndNoEnd()
    {
        await using var connection = await WorkerConnection.ConnectAsync(_folder["s"], isTied: false, TestContext.Current.CancellationToken);
        await using var stream = new NetworkStream(await _listener.AcceptAsync(TestContext.Current.CancellationToken), ownsSocket: true);
        await Frames.WriteAsync<WorkerCommand>(stream, new CancelCommand("a", 3), TestContext.Current.CancellationToken);
        await stream.WriteAsync(new byte[] { 2, 0, 0, 0, (byte)'x', (byte)'x' }, TestContext.Current.CancellationToken);
        await using var commands = connection.CommandsAsync(TestContext.Current.CancellationToken).GetAsyncEnumerator(TestContext.Current.CancellationToken);
        Assert.True(await commands.MoveNextAsync());
        Assert.Equal(new CancelCommand("a", 3), commands.Current);
        await Assert.ThrowsAsync<ProtocolException>(async () => await commands.MoveNextAsync());
    }

    [Fact]
    public async Task Commands_SupervisorCloses_End()
    {
        await using var connection = await WorkerConnection.ConnectAsync(_folder["s"], isTied: false, TestContext.Current.CancellationToken);
        (await _listener.AcceptAsync(TestContext.Current.CancellationToken)).Dispose();
        await foreach (var command in connection.CommandsAsync(TestContext.Current.CancellationToken)) Assert.Fail($"nobody sent {command}");
    }

    [Theory]
    [InlineData("""{"event":"done","assignment":"a","assignment":"b","fence":1,"seconds":1,"peakMemoryBytes":1}""")]
    [InlineData("""{"event":"remark","assignment":"\ud800","fence":1,"text":"t"}""")]
    [InlineData("""{"event":"done","assignment":"a","fence":1e999,"seconds":1,"peakMemoryBytes":1}""")]
    public async Task Read_KeyTwiceHalfASurrogatePairOrANumberBeyond_IsAProtocolException(string json)
    {
        var body = System.Text.Encoding.UTF8.GetBytes(json);
        var error = await Assert.ThrowsAsync<ProtocolException>(() => Frames.ReadAsync<WorkerEvent>(new MemoryStream([.. BitConverter.GetBytes(body.Length), .. body]), TestContext.Current.CancellationToken));
        Assert.StartsWith("a frame is no WorkerEvent", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("System.", error.Message, StringComparison.Ordinal);
    }
}
