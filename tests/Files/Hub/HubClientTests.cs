using System.Security.Cryptography;
using System.Text;
using AlpacaCot.Files;
using AlpacaCot.Files.Hub;

namespace AlpacaCot.Tests.Files.Hub;

public sealed class HubClientTests : IDisposable
{
    private readonly TestServer _server = new();
    private readonly TemporaryFolder _folder = new();

    public void Dispose()
    {
        _server.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task FetchAsync_Url_ContentKeptAndServedWithoutAskingAgain()
    {
        var content = Bytes(1000);
        _server.Files["/a/data.bin"] = new ServedFile(content, "v1");
        using var client = Client();
        var path = await client.FetchAsync(Url("a/data.bin"));
        Assert.Equal(content, File.ReadAllBytes(path));
        Assert.Equal("data.bin", Path.GetFileName(path));
        Assert.Equal(path, await client.FetchAsync(Url("a/data.bin")));
        Assert.Single(_server.Requests);
        Assert.Equal([path], Directory.GetFiles(Path.GetDirectoryName(path)!));
    }

    [Fact]
    public async Task FetchAsync_ConnectionCutTwice_GoesOnWhereItStopped()
    {
        var content = Bytes(300_000);
        var file = new ServedFile(content, "v1");
        file.CutAfter.Enqueue(100_000);
        file.CutAfter.Enqueue(50_000);
        _server.Files["/f"] = file;
        var progress = new Recorder();
        using var client = Client();
        var path = await client.FetchAsync(Url("f"), Sha256(content), progress);
        Assert.Equal(content, File.ReadAllBytes(path));
        Assert.Equal(3, _server.Requests.Count);
        Assert.All(_server.Requests.Skip(1), request => Assert.StartsWith("bytes=", request.Range, StringComparison.Ordinal));
        Assert.Equal(new HubProgress("f", 300_000, 300_000), progress.Last);
    }

    [Fact]
    public async Task FetchAsync_InterruptedThenAnotherRun_GoesOnWhereItStopped()
    {
        var content = Bytes(200_000);
        var file = new ServedFile(content, "v1");
        file.CutAfter.Enqueue(120_000);
        _server.Files["/f"] = file;
        using (var first = Client(retries: 0)) await Assert.ThrowsAsync<HubException>(() => first.FetchAsync(Url("f")));
        using var second = Client();
        Assert.Equal(content, File.ReadAllBytes(await second.FetchAsync(Url("f"))));
        Assert.NotNull(_server.Requests.Last().Range);
    }

    [Fact]
    public async Task FetchAsync_ChangedBetweenAttempts_StartsAnew()
    {
        var old = new ServedFile(Bytes(100_000, seed: 1), "v1");
        old.CutAfter.Enqueue(60_000);
        _server.Files["/f"] = old;
        using (var first = Client(retries: 0)) await Assert.ThrowsAsync<HubException>(() => first.FetchAsync(Url("f")));
        var content = Bytes(90_000, seed: 2);
        _server.Files["/f"] = new ServedFile(content, "v2");
        using var second = Client();
        Assert.Equal(content, File.ReadAllBytes(await second.FetchAsync(Url("f"))));
    }

    [Fact]
    public async Task FetchAsync_OtherHashThanExpected_RefusedAndNotKept()
    {
        _server.Files["/f"] = new ServedFile(Bytes(1000));
        using var client = Client();
        var error = await Assert.ThrowsAsync<HubException>(() => client.FetchAsync(Url("f"), Sha256(Bytes(1000, seed: 9))));
        Assert.Contains("/f", error.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFiles(_folder.Path, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task FetchFileAsync_CorruptedOnTheWay_ETagTellsAndNothingIsKept()
    {
        var genuine = Bytes(5000);
        _server.Files["/o/m/resolve/main/w.bin"] = new ServedFile(Bytes(5000, seed: 3), "x") { LinkedETag = Sha256(genuine) };
        using var client = Client();
        await Assert.ThrowsAsync<HubException>(() => client.FetchFileAsync(HubKind.Model, "o/m", "w.bin"));
        Assert.Empty(Directory.EnumerateFiles(_folder.Path, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task FetchAsync_NoSuchFile_OneLineWithTheAddress()
    {
        using var client = Client();
        var error = await Assert.ThrowsAsync<HubException>(() => client.FetchAsync(Url("absent")));
        Assert.Contains("404", error.Message, StringComparison.Ordinal);
        Assert.Contains("/absent", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
        Assert.Single(_server.Requests);
    }

    [Fact]
    public async Task FetchAsync_Offline_CacheAloneAndAClearError()
    {
        _server.Files["/f"] = new ServedFile(Bytes(10));
        using (var online = Client()) await online.FetchAsync(Url("f"));
        using var offline = new HubClient(Options() with { Offline = true }, TimeProvider.System);
        Assert.Equal(Bytes(10), File.ReadAllBytes(await offline.FetchAsync(Url("f"))));
        var error = await Assert.ThrowsAsync<HubException>(() => offline.FetchAsync(Url("g")));
        Assert.Contains("offline", error.Message, StringComparison.Ordinal);
        Assert.Single(_server.Requests);
    }

    [Fact]
    public async Task FetchFileAsync_FirstMirrorDown_TheNextServes()
    {
        var content = Encoding.UTF8.GetBytes("hello\n");
        _server.Files["/datasets/o/d/resolve/main/sub/x.json"] = new ServedFile(content, GitHash(content));
        Uri dead;
        using (var gone = new TestServer()) dead = gone.Address;
        using var client = new HubClient(Options() with { BaseAddresses = [dead, _server.Address] }, TimeProvider.System);
        Assert.Equal(content, File.ReadAllBytes(await client.FetchFileAsync(HubKind.Dataset, "o/d", "sub/x.json")));
    }

    [Fact]
    public async Task FetchModelAsync_Repository_WantedFilesOnceAndCommitPinned()
    {
        using var store = new TestServer();
        byte[] config = "{}"u8.ToArray(), weights = Bytes(70_000);
        store.Files["/blob"] = new ServedFile(weights, "cdn");
        _server.Files["/api/models/o/m/revision/main"] = new ServedFile(Encoding.UTF8.GetBytes(
            """{"sha":"c0ffee","siblings":[{"rfilename":"README.md"},{"rfilename":"config.json"},{"rfilename":"model.safetensors"},{"rfilename":"pytorch_model.bin"},{"rfilename":"onnx/model.json"},{"rfilename":".gitattributes"}]}"""));
        _server.Files["/o/m/resolve/c0ffee/config.json"] = new ServedFile(config, GitHash(config));
        _server.Files["/o/m/resolve/c0ffee/model.safetensors"] = new ServedFile([]) { LinkedETag = Sha256(weights), RedirectTo = new Uri(store.Address, "blob").AbsoluteUri };
        using var client = new HubClient(Options() with { Token = "secret" }, TimeProvider.System);

        var folder = await client.FetchModelAsync("o/m");

        Assert.Equal(weights, File.ReadAllBytes(Path.Combine(folder, "model.safetensors")));
        Assert.Equal(["config.json", "model.safetensors"], Directory.GetFiles(folder).Select(f => Path.GetFileName(f)!).Where(f => f[0] != '.').Order(StringComparer.Ordinal));
        Assert.All(_server.Requests, request => Assert.Equal("Bearer secret", request.Authorization));
        Assert.All(store.Requests, request => Assert.Null(request.Authorization));
        var asked = _server.Requests.Count;
        using var offline = new HubClient(Options() with { Offline = true }, TimeProvider.System);
        Assert.Equal(folder, await offline.FetchModelAsync("o/m"));
        Assert.Equal(asked, _server.Requests.Count);
    }

    [Theory]
    [InlineData("noowner")]
    [InlineData("../evil")]
    [InlineData("a/b/c")]
    [InlineData("a/b c")]
    public async Task FetchModelAsync_NoRepositoryId_Refused(string id)
    {
        using var client = Client();
        await Assert.ThrowsAsync<HubException>(() => client.FetchModelAsync(id));
        Assert.Empty(_server.Requests);
    }

    [Theory]
    [InlineData("../x")]
    [InlineData("/etc/passwd")]
    [InlineData("a//b")]
    public async Task FetchFileAsync_PathOutOfTheRepository_Refused(string file)
    {
        using var client = Client();
        await Assert.ThrowsAsync<HubException>(() => client.FetchFileAsync(HubKind.Model, "o/m", file));
        Assert.Empty(_server.Requests);
    }

    [Theory]
    [InlineData("https://hub.example/a", "https://store.example/b", "https://store.example/b")]
    [InlineData("https://hub.example/a", "/b", "https://hub.example/b")]
    [InlineData("http://mirror.lan/a", "https://store.example/b", "https://store.example/b")]
    [InlineData("http://mirror.lan/a", "http://store.lan/b", "http://store.lan/b")]
    [InlineData("https://hub.example/a", "http://hub.example/a", null)]
    [InlineData("https://hub.example/a", "//other.example/b", "https://other.example/b")]
    [InlineData("https://hub.example/a", "file:///etc/passwd", null)]
    [InlineData("http://mirror.lan/a", "file:///etc/passwd", null)]
    [InlineData("http://mirror.lan/a", "ftp://other.example/b", null)]
    public void Redirect_OutOfHttpsOrOfTheWeb_IsRefused(string from, string location, string? leads)
    {
        var to = new Uri(location, UriKind.RelativeOrAbsolute);
        if (leads is null) Assert.Throws<HubException>(() => Download.Redirected(new Uri(from), to));
        else Assert.Equal(leads, Download.Redirected(new Uri(from), to).AbsoluteUri);
    }

    [Fact]
    public async Task FetchAsync_RedirectToAFile_IsRefusedAtOnce()
    {
        _server.Files["/f"] = new ServedFile([]) { RedirectTo = "file:///etc/hostname" };
        using var client = Client();
        Assert.Contains("no http", (await Assert.ThrowsAsync<HubException>(() => client.FetchAsync(Url("f")))).Message, StringComparison.Ordinal);
        Assert.Single(_server.Requests);
        await Assert.ThrowsAsync<HubException>(() => client.FetchAsync(new Uri("file:///etc/hostname")));
    }

    [Fact]
    public async Task FetchAsync_MoreThanAFileMayHave_IsRefusedAndNotKept()
    {
        _server.Files["/f"] = new ServedFile(Bytes(1001), "v1");
        using var client = new HubClient(Options() with { MostBytes = 1000 }, TimeProvider.System);
        Assert.Contains("1000 bytes", (await Assert.ThrowsAsync<HubException>(() => client.FetchAsync(Url("f")))).Message, StringComparison.Ordinal);
        Assert.Single(_server.Requests);
        Assert.All(Directory.EnumerateFiles(_folder.Path, "*.partial", SearchOption.AllDirectories), file => Assert.Equal(0, new FileInfo(file).Length));
    }

    [Fact]
    public async Task FetchAsync_MoreThanTheDiskHas_IsToldBeforehand()
    {
        _server.Files["/f"] = new ServedFile([], "v1") { Claims = 1L << 60 };
        using var client = new HubClient(Options() with { MostBytes = long.MaxValue }, TimeProvider.System);
        Assert.Contains("are free", (await Assert.ThrowsAsync<HubException>(() => client.FetchAsync(Url("f")))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task FetchAsync_ServerThatDoesNotAnswer_IsGivenUp()
    {
        using var silent = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        silent.Start();
        using var client = new HubClient(Options() with { StallTimeout = TimeSpan.FromMilliseconds(200), Retries = 1 }, TimeProvider.System);
        var address = new Uri($"http://127.0.0.1:{((System.Net.IPEndPoint)silent.LocalEndpoint).Port}/f");
        Assert.Contains("no answer", (await Assert.ThrowsAsync<HubException>(() => client.FetchAsync(address)).WaitAsync(TimeSpan.FromSeconds(60))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("not json")]
    [InlineData("""{"sha":null,"siblings":[{"rfilename":"config.json"}]}""")]
    [InlineData("""{"sha":"","siblings":[{"rfilename":"config.json"}]}""")]
    [InlineData("""{"sha":"../../x","siblings":[{"rfilename":"config.json"}]}""")]
    [InlineData("""{"sha":"c0ffee?x=1","siblings":[{"rfilename":"config.json"}]}""")]
    [InlineData("""{"sha":7,"siblings":[{"rfilename":"config.json"}]}""")]
    [InlineData("""{"sha":"c0ffee","siblings":[]}""")]
    [InlineData("""{"sha":"c0ffee"}""")]
    [InlineData("""{"sha":"c0ffee","siblings":{}}""")]
    [InlineData("""{"sha":"c0ffee","siblings":[null]}""")]
    [InlineData("""{"sha":"c0ffee","siblings":[{}]}""")]
    [InlineData("""{"sha":"c0ffee","siblings":[{"rfilename":null}]}""")]
    [InlineData("""{"sha":"c0ffee","siblings":[{"rfilename":""}]}""")]
    [InlineData("""{"sha":"c0ffee","siblings":[{"rfilename":"config.json"},{"rfilename":"../../evil.json"}]}""")]
    [InlineData("""{"sha":"c0ffee","siblings":[{"rfilename":"a\u001b[2J.json"}]}""")]
    [InlineData("""{"sha":"c0ffee","siblings":[{"rfilename":"\ud83d"}]}""")]
    public async Task FetchModelAsync_MalformedListing_IsRefusedWhole_AndAskedForAgain(string listing)
    {
        _server.Files["/api/models/o/m/revision/main"] = new ServedFile(Encoding.UTF8.GetBytes(listing));
        _server.Files["/o/m/resolve/c0ffee/config.json"] = new ServedFile("{}"u8.ToArray());
        using var client = Client();
        for (var attempt = 1; attempt <= 2; attempt++)
        {
            var refused = await Assert.ThrowsAsync<HubException>(() => client.FetchModelAsync("o/m"));
            Assert.Contains("not a repository listing", refused.Message, StringComparison.Ordinal);
            Assert.DoesNotContain('\u001b', refused.Message);
            Assert.Equal(attempt, _server.Requests.Count);
        }
    }

    [Fact]
    public async Task FetchModelAsync_ListingThatNeverEnds_IsRefused()
    {
        _server.Files["/api/models/o/m/revision/main"] = new ServedFile(Bytes(2000));
        using var client = new HubClient(Options() with { MostBytesOfListing = 1000 }, TimeProvider.System);
        Assert.Contains("1000 bytes", (await Assert.ThrowsAsync<HubException>(() => client.FetchModelAsync("o/m"))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("%2e%2e%2fx", "x")]
    [InlineData(".hidden", "_.hidden")]
    [InlineData("a%00b%1b", "a_b_")]
    public async Task FetchAsync_NameOfAnAddress_IsAPlainFile(string last, string name)
    {
        _server.Any = new ServedFile(Bytes(10));
        using var client = Client();
        Assert.Equal(name, Path.GetFileName(await client.FetchAsync(Url(last))));
    }

    [Fact]
    public void Write_WriterFails_OldFileStaysAndNoRemains()
    {
        AtomicFile.WriteAllText(_folder["f"], "old");
        Assert.Throws<IOException>(() => AtomicFile.Write(_folder["f"], stream =>
        {
            stream.Write(Bytes(100_000));
            throw new IOException("No space left on device");
        }));
        Assert.Equal("old", File.ReadAllText(_folder["f"]));
        Assert.Equal([_folder["f"]], Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void WriteDirectory_WholeOrNotAtAll_AndReplaced()
    {
        AtomicFile.WriteDirectory(_folder["d"], folder => File.WriteAllText(Path.Combine(folder, "a"), "1"));
        Assert.Throws<IOException>(() => AtomicFile.WriteDirectory(_folder["d"], folder =>
        {
            File.WriteAllText(Path.Combine(folder, "b"), "2");
            throw new IOException("No space left on device");
        }));
        Assert.Equal([_folder["d/a"]], Directory.GetFiles(_folder["d"]));
        AtomicFile.WriteDirectory(_folder["d"], folder => File.WriteAllText(Path.Combine(folder, "c"), "3"));
        Assert.Equal([_folder["d/c"]], Directory.GetFiles(_folder["d"]));
        Assert.Equal([_folder["d"]], Directory.GetFileSystemEntries(_folder.Path));
    }

    private HubOptions Options() => new() { Root = _folder.Path, BaseAddresses = [_server.Address], RetryDelay = TimeSpan.Zero };

    private HubClient Client(int retries = 4) => new(Options() with { Retries = retries }, TimeProvider.System);

    private Uri Url(string path) => new(_server.Address, path);

    private static byte[] Bytes(int count, int seed = 0)
    {
        var bytes = new byte[count];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    private static string Sha256(byte[] content) => Convert.ToHexStringLower(SHA256.HashData(content));

    private static string GitHash(byte[] content) => Convert.ToHexStringLower(SHA1.HashData([.. Encoding.ASCII.GetBytes($"blob {content.Length}\0"), .. content]));

    private sealed class Recorder : IProgress<HubProgress>
    {
        public HubProgress Last { get; private set; }

        public void Report(HubProgress value) => Last = value;
    }
}
