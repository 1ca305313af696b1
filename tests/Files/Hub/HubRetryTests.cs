using AlpacaCot.Files.Hub;

namespace AlpacaCot.Tests.Files.Hub;

/// <summary>How long and how often a download is tried again, and what tells two addresses apart.</summary>
public sealed class HubRetryTests : IDisposable
{
    private readonly TestServer _server = new();
    private readonly TemporaryFolder _folder = new();

    public void Dispose()
    {
        _server.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task FetchAsync_ConnectionThatKeepsBreaking_WaitsTwiceAsLongEachTime()
    {
        var file = new ServedFile(new byte[100_000], "v1");
        for (var i = 0; i < 3; i++) file.CutAfter.Enqueue(20_000);
        _server.Files["/f"] = file;
        var time = new ImpatientTime();
        using var client = new HubClient(new HubOptions { Root = _folder.Path, BaseAddresses = [_server.Address], RetryDelay = TimeSpan.FromMinutes(1), StallTimeout = TimeSpan.FromHours(9) }, time);
        await client.FetchAsync(new Uri(_server.Address, "f"), cancellation: TestContext.Current.CancellationToken);
        Assert.Equal([TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(4)], time.Waited);
    }

    [Fact]
    public async Task FetchAsync_OtherQuery_IsAnotherFile()
    {
        _server.Files["/f"] = new ServedFile([1, 2, 3]);
        using var client = new HubClient(new HubOptions { Root = _folder.Path, BaseAddresses = [_server.Address] }, TimeProvider.System);
        var first = await client.FetchAsync(new Uri(_server.Address, "f?version=1"), cancellation: TestContext.Current.CancellationToken);
        Assert.NotEqual(first, await client.FetchAsync(new Uri(_server.Address, "f?version=2"), cancellation: TestContext.Current.CancellationToken));
        Assert.Equal(2, _server.Requests.Count);
    }

    [Fact]
    public async Task FetchAsync_HashInCapitals_IsTheSameHash()
    {
        _server.Files["/f"] = new ServedFile([1, 2, 3]);
        using var client = new HubClient(new HubOptions { Root = _folder.Path, BaseAddresses = [_server.Address] }, TimeProvider.System);
        var path = await client.FetchAsync(new Uri(_server.Address, "f"), Convert.ToHexString(System.Security.Cryptography.SHA256.HashData([1, 2, 3])), cancellation: TestContext.Current.CancellationToken);
        Assert.Equal([1, 2, 3], File.ReadAllBytes(path));
    }

    /// <summary>Every wait below nine hours ends at once, and its length is kept.</summary>
    private sealed class ImpatientTime : TimeProvider
    {
        public List<TimeSpan> Waited { get; } = [];

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            if (dueTime <= TimeSpan.Zero || dueTime >= TimeSpan.FromHours(9)) return base.CreateTimer(callback, state, dueTime, period);
            lock (Waited) Waited.Add(dueTime);
            return base.CreateTimer(callback, state, TimeSpan.Zero, period);
        }
    }
}
