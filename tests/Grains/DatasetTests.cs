using AlpacaCot.Specs;
using AlpacaCot.Specs.Facts;
using AlpacaCot.Supervision;

namespace AlpacaCot.Tests.Grains;

/// <summary>Data are prepared once, whoever asks for them.</summary>
public sealed class DatasetTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private Task<Platform> StartAsync(string? program = null) => Platform.StartAsync(
        _folder, slots: 0, change: o => o with { WorkerProgram = program ?? Siblings.Find(AppContext.BaseDirectory, "Supervision.Tests"), WorkerArguments = ["prepare"] });

    private Task<MixFacts> AskAsync(Platform platform, string mix, string model = "m", string? key = null)
        => platform.Grains.GetGrain<IDatasetGrain>(key ?? mix).PrepareAsync(new DatasetRequest
        {
            Spec = new SweepSpec { Name = "s", Models = [new ModelSpec { Name = model, Path = "none" }], Data = [new DataSpec { Name = mix, Sources = [new SourceSpec { Set = "alpaca" }] }] },
            Data = mix, BaseDirectory = _folder.Path,
        });

    private List<string> Said() => Directory.Exists(_folder["logs"]) ? [.. Directory.EnumerateFiles(_folder["logs"], "worker-datasets-*.log").Order(StringComparer.Ordinal).SelectMany(File.ReadAllLines)] : [];

    private void Go() => File.WriteAllText(_folder["go"], "");

    /// <summary>The second sweep asks while the first one's data are being prepared, and names them otherwise.</summary>
    [Fact]
    public async Task Prepare_AskedAgainMeanwhile_WaitsForTheSameResult()
    {
        await using var platform = await StartAsync();
        var first = AskAsync(platform, "alpaca");
        await Poll.UntilAsync(() => Said().Count > 0, "it is being prepared");
        Task<MixFacts>[] others = [.. Enumerable.Range(0, 4).Select(n => AskAsync(platform, $"mine-{n}", $"model-{n}", key: "alpaca"))];
        Go();
        Assert.Equal((5L, 70L, "m", "alpaca"), await first is var facts ? (facts.Kept, facts.Tokens, facts.Model, facts.Data) : default);
        Assert.Equal(Enumerable.Range(0, 4).Select(n => ($"model-{n}", $"mine-{n}", 5L)), (await Task.WhenAll(others)).Select(facts => (facts.Model, facts.Data, facts.Kept)));
        Assert.Equal(["prepares alpaca", "prepared alpaca"], Said());
        await Poll.UntilAsync(() => Platform.Workers(_folder).Count == 0, "its worker has ended");
    }

    [Fact]
    public async Task PrepareSweep_PairThatNoTrialTrainsOn_IsNotAskedFor()
    {
        await using var platform = await StartAsync();
        Go();
        var spec = SweepDocument.ParseValid("""
            name: s
            models: [{ name: a, path: a }, { name: b, path: b }]
            peft: [lora]
            data: [{ name: x, sources: [goat] }, { name: y, sources: [{ goat: { digits: [1, 2] } }] }]
            exclude: [{ model: [b], data: [y] }]
            """);
        var facts = new SpecFacts
        {
            Code = "c", Models = [new ModelFacts { Name = "a", TokenizerHash = "a" }, new ModelFacts { Name = "b", TokenizerHash = "b" }],
            Data = [.. spec.Data.Select(data => new DataFacts { Name = data.Name, TemplateHash = "t", Sources = [new SourceFacts { Exists = true, ContentHash = data.Name }] })],
        };
        Assert.Equal(["a x", "a y", "b x"], (await platform.Grains.PrepareAsync(spec, facts, _folder.Path))!.Select(mix => $"{mix.Model} {mix.Data}"));
        Assert.Equal(3, Said().Count(line => line.StartsWith("prepares ", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Prepare_SeveralMixes_OneAfterTheOther_InOneProcess()
    {
        await using var platform = await StartAsync();
        Task[] all = [AskAsync(platform, "a"), AskAsync(platform, "b"), AskAsync(platform, "c")];
        // All three wait: one that came after the others' end would need a process of its own.
        await Poll.UntilAsync(() => platform.Owner.Preparing.Count == all.Length, "all have been asked for");
        Go();
        await Task.WhenAll(all);
        var said = Said();
        Assert.Equal(6, said.Count);
        Assert.All(said.Chunk(2), pair => Assert.Equal(pair[0].Replace("prepares", "prepared", StringComparison.Ordinal), pair[1]));
        Assert.Single(Directory.EnumerateFiles(_folder["logs"], "worker-datasets-*.log"));
    }

    [Fact]
    public async Task Prepare_KnownFromBefore_NeedsNoWorker()
    {
        Go();
        await using (var platform = await StartAsync()) await AskAsync(platform, "alpaca");
        await using var again = await StartAsync("/no/worker.dll");
        Assert.Equal(("other", 5L), await AskAsync(again, "alpaca", "other") is var facts ? (facts.Model, facts.Kept) : default);
    }

    [Theory]
    [InlineData("broken", "the tokenizer cannot be read")]
    [InlineData("gone", "code 3")]
    public async Task Prepare_ThatFails_IsTold_AndTheNextBeginsAnew(string mix, string says)
    {
        await using var platform = await StartAsync();
        Go();
        for (var time = 1; time <= 2; time++)
        {
            Assert.Contains(says, (await Assert.ThrowsAnyAsync<OrleansException>(() => AskAsync(platform, mix))).Message, StringComparison.Ordinal);
            Assert.Equal(time, Said().Count(line => line == $"prepares {mix}"));
        }
        Assert.Equal(5, (await AskAsync(platform, "alpaca")).Kept);
    }

    /// <summary>What is wrong with the data is told as a fact, and not kept: the file may be put back.</summary>
    [Fact]
    public async Task Prepare_DataThatAreWrong_AreNotKept()
    {
        await using var platform = await StartAsync();
        Go();
        for (var time = 1; time <= 2; time++)
        {
            Assert.Equal("nothing is left", (await AskAsync(platform, "empty")).Error);
            Assert.Equal(time, Said().Count(line => line == "prepares empty"));
        }
    }
}
