using System.Text.Json;
using System.Threading.Channels;
using AlpacaCot.Specs;
using AlpacaCot.Worker;
using AlpacaCot.Worker.Protocol;

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
        var sets = Run("data list", new { language = "zh", generation = "SI" }).Document.EnumerateArray().ToList();

        Assert.Contains(sets, set => set.GetProperty("name").GetString() == "belle" && set.GetProperty("rows").GetInt64() == 1_079_517);
        Assert.DoesNotContain(sets, set => set.GetProperty("name").GetString() is "firefly" or "dolly");
        Assert.All(sets, set => Assert.Equal(["name", "language", "task", "generation", "rows", "licence", "source", "present"], set.EnumerateObject().Select(field => field.Name)));
    }

    [Fact]
    public void Add_ThenListAndStats_KnowTheSet()
    {
        File.WriteAllText(_pack["rows.json"], Chat);

        Assert.Single(Run("data add", new { reference = _pack["rows.json"], name = "chats" }).Document.GetProperty("files").EnumerateArray());
        Assert.Contains(Run("data list", new { present = true }).Document.EnumerateArray(), set => set.GetProperty("name").GetString() == "chats");
        var stats = Run("data stats", new { data = JsonSerializer.SerializeToElement(new DataSpec { Sources = [new() { Set = "chats" }] }, Frames.Json) }).Document;

        Assert.Equal((1, "characters", 13), (stats.GetProperty("rows").GetInt64(), stats.GetProperty("unit").GetString(), stats.GetProperty("total").GetInt64()));
    }

    [Fact]
    public void Inspect_Conversation_TellsWhatIsLearntInTextAndPage()
    {
        File.WriteAllText(_pack["rows.json"], Chat);
        var data = JsonSerializer.SerializeToElement(new DataSpec { Template = "plain", Sources = [new() { Path = _pack["rows.json"] }] }, Frames.Json);

        var shown = Run("data inspect", new { model = _pack["models/tiny"], data, html = _pack["page.html"] });

        var tokens = shown.Document[0].GetProperty("tokens").EnumerateArray().ToList();
        Assert.Equal("2Yes", string.Concat(tokens.Where(token => token.GetProperty("learnt").GetBoolean()).Select(token => token.GetProperty("text").GetString())).Replace("<|endoftext|>", "", StringComparison.Ordinal).Replace("</s>", "", StringComparison.Ordinal));
        Assert.Contains("<span class=\"l\"", File.ReadAllText(_pack["page.html"]), StringComparison.Ordinal);
    }

    private OutputEvent Run(string tool, object options)
    {
        var events = new List<WorkerEvent>();
        var context = new JobContext(tool, 1, events.Add, Channel.CreateUnbounded<WorkerCommand>().Reader, TimeProvider.System, new WorkerState(), CancellationToken.None);
        AlpacaCot.Worker.Jobs.JobTable.Run(new ToolJob(TinyPack.Request(tool, options), _pack.Folders), context);
        return events.OfType<OutputEvent>().Last();
    }
}
