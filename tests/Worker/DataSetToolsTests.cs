using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using AlpacaCot.Specs;
using AlpacaCot.Tests.Files.Hub;
using AlpacaCot.Worker;
using AlpacaCot.Worker.Protocol;
using AlpacaCot.Worker.Tools;

namespace AlpacaCot.Tests.Worker;

/// <summary><c>data list</c>, <c>data add</c>, <c>data stats</c> and <c>data inspect</c> as a worker answers them.</summary>
public sealed class DataSetToolsTests : IDisposable
{
    private const string Chat = """[{"conversations": [{"from": "human", "value": "1+1?"}, {"from": "gpt", "value": "2"}, {"from": "human", "value": "Sure?"}, {"from": "gpt", "value": "Yes"}]}]""";
    private readonly TinyPack _pack = new();

    public void Dispose() => _pack.Dispose();

    [Fact]
    public void List_WithFilters_HasTheSetsThatTheyNameWithEveryField()
    {
        var sets = _pack.Ask("data list", new { language = "zh", generation = "SI" }).Document.EnumerateArray().ToList();

        Assert.Contains(sets, set => set.GetProperty("name").GetString() == "belle" && set.GetProperty("rows").GetInt64() == 1_079_517);
        Assert.DoesNotContain(sets, set => set.GetProperty("name").GetString() is "firefly" or "dolly");
        Assert.All(sets, set => Assert.Equal(["name", "language", "task", "generation", "rows", "licence", "source", "present"], set.EnumerateObject().Select(field => field.Name)));
    }

    [Fact]
    public void Add_ThenListAndStats_KnowTheSet()
    {
        File.WriteAllText(_pack["rows.json"], Chat);

        Assert.Single(_pack.Ask("data add", new { reference = _pack["rows.json"], name = "chats" }).Document.GetProperty("files").EnumerateArray());
        Assert.Contains(_pack.Ask("data list", new { present = true }).Document.EnumerateArray(), set => set.GetProperty("name").GetString() == "chats");
        var stats = _pack.Ask("data stats", new { data = JsonSerializer.SerializeToElement(new DataSpec { Sources = [new() { Set = "chats" }] }, Frames.Json) }).Document;

        Assert.Equal((1, "characters", 13), (stats.GetProperty("rows").GetInt64(), stats.GetProperty("unit").GetString(), stats.GetProperty("total").GetInt64()));
    }

    /// <summary>A repository of the hub through connections that break, a wrong byte, a set that is then used, and the same again with no server at all.</summary>
    [Fact]
    public void Add_FromAHubThatBreaks_ResumesRefusesWrongBytesAndWorksOffline()
    {
        using var server = new TestServer();
        var rows = Encoding.UTF8.GetBytes(string.Join('\n', Enumerable.Range(0, 60).Select(i => $$"""{"instruction": "{{i}} + 1?", "output": "{{i + 1}}"}""")));
        var file = new ServedFile([.. rows], Convert.ToHexStringLower(SHA256.HashData(rows)));
        foreach (var revision in (string[])["main", "v2"])
            server.Files[$"/api/datasets/o/sums/revision/{revision}"] = new ServedFile("""{"sha": "c0ffee", "siblings": [{"rfilename": "README.md"}, {"rfilename": "dataset_infos.json"}, {"rfilename": "a/rows.jsonl"}, {"rfilename": "b/rows.jsonl"}]}"""u8.ToArray());
        server.Files["/datasets/o/sums/resolve/c0ffee/a/rows.jsonl"] = server.Files["/datasets/o/sums/resolve/c0ffee/b/rows.jsonl"] = file;
        file.CutAfter.Enqueue(500);
        file.CutAfter.Enqueue(700);
        file.Content[^1] ^= 1;
        ToolRun Add(object options) => _pack.Ask("data add", options);
        var mirrors = new[] { server.Address.AbsoluteUri };

        var refused = Assert.Throws<ToolException>(() => Add(new { reference = "o/sums", mirrors })).Message;
        Assert.Contains("the content's hash is not", refused, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refused);
        Assert.Equal([null, "bytes=500-", "bytes=1200-"], server.Requests.Where(request => request.Path.EndsWith("a/rows.jsonl", StringComparison.Ordinal)).Select(request => request.Range));
        Assert.False(Directory.Exists(Path.Combine(_pack.Folders.Datasets, "sums")));

        rows.CopyTo(file.Content, 0);
        // Files that are called alike are kept apart.
        Assert.Equal(["a-rows.jsonl", "b-rows.jsonl"], Add(new { reference = "o/sums", mirrors }).Document.GetProperty("files").EnumerateArray().Select(added => Path.GetFileName(added.GetString())));
        var stats = _pack.Ask("data stats", new { data = JsonSerializer.SerializeToElement(new DataSpec { Sources = [new() { Set = "sums" }] }, Frames.Json) }).Document;
        Assert.Equal(120, stats.GetProperty("rows").GetInt64());

        var address = $"{server.Address}datasets/o/sums/resolve/c0ffee/a/rows.jsonl";
        Assert.Contains("hash is not", Assert.Throws<ToolException>(() => Add(new { reference = address, name = "one", sha256 = new string('0', 64) })).Message, StringComparison.Ordinal);
        Assert.EndsWith("one.jsonl", Add(new { reference = address, name = "one" }).Document.GetProperty("files")[0].GetString(), StringComparison.Ordinal);

        var asked = server.Requests.Count;
        Assert.Equal(2, Add(new { reference = "o/sums", name = "again", offline = true, mirrors }).Document.GetProperty("files").GetArrayLength());
        Assert.Contains("offline", Assert.Throws<ToolException>(() => Add(new { reference = "o/other", offline = true, mirrors })).Message, StringComparison.Ordinal);
        Assert.Equal(asked, server.Requests.Count);
    }

    [Fact]
    public void Inspect_Conversation_TellsWhatIsLearntInTextAndPage()
    {
        File.WriteAllText(_pack["rows.json"], Chat);
        var data = JsonSerializer.SerializeToElement(new DataSpec { Template = "plain", Sources = [new() { Path = _pack["rows.json"] }] }, Frames.Json);

        var shown = _pack.Ask("data inspect", new { model = _pack["models/tiny"], data, html = _pack["page.html"] });

        var tokens = shown.Document[0].GetProperty("tokens").EnumerateArray().ToList();
        Assert.Equal("2Yes", string.Concat(tokens.Where(token => token.GetProperty("learnt").GetBoolean()).Select(token => token.GetProperty("text").GetString())).Replace("<|endoftext|>", "", StringComparison.Ordinal).Replace("</s>", "", StringComparison.Ordinal));
        Assert.Contains("<span class=\"l\"", File.ReadAllText(_pack["page.html"]), StringComparison.Ordinal);
    }
}
