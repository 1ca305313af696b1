using AlpacaCot.Grains.Slots;
using AlpacaCot.Specs;
using AlpacaCot.Supervision;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;

namespace AlpacaCot.Tests.Grains;

/// <summary>A model server with slots and worker processes; only the model is a stub.</summary>
public sealed class ModelServerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private Task<Platform> StartAsync(Func<SlotOptions, SlotOptions>? change = null) => Platform.StartAsync(_folder, change: options =>
    {
        options = options with { WorkerProgram = Siblings.Find(AppContext.BaseDirectory, "Supervision.Tests"), WorkerArguments = ["serve"] };
        return change?.Invoke(options) ?? options;
    });

    private static IModelServerGrain Server(Platform platform, string trial = "t") => platform.Grains.GetGrain<IModelServerGrain>($"test/s/{trial}");

    private static async Task<List<TokenChunk>> AskAsync(Platform platform, string prompt, string trial = "t")
    {
        var chunks = new List<TokenChunk>();
        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(120));
        await foreach (var chunk in Server(platform, trial).GenerateAsync(new GenerateRequest { Prompt = prompt }, late.Token)) chunks.Add(chunk);
        return chunks;
    }

    private static async Task<string?> UserAsync(Platform platform) => Assert.Single(await platform.Registry.ListAsync()).User;

    [Fact]
    public async Task Generate_StreamsEveryChunkInOrder_AndTheModelStaysLoaded()
    {
        await using var platform = await StartAsync();
        var chunks = await AskAsync(platform, "say 300");
        Assert.Equal(Enumerable.Range(0, 300), chunks.SelectMany(chunk => chunk.Ids));
        Assert.Equal("stop", chunks[^1].FinishReason);
        Assert.All(chunks.SkipLast(1), chunk => Assert.Null(chunk.FinishReason));
        var worker = Assert.Single(Platform.Workers(_folder));
        Assert.Equal("server:fp32:t", await UserAsync(platform));
        Assert.Single(await AskAsync(platform, "say 1"));
        Assert.Equal(worker, Assert.Single(Platform.Workers(_folder)));
    }

    [Fact]
    public async Task Unload_EndsTheWorkerAndGivesTheSlotBack_AndTheNextRequestLoadsAgain()
    {
        await using var platform = await StartAsync();
        await AskAsync(platform, "say 1");
        await Server(platform).UnloadAsync();
        Assert.Null(await UserAsync(platform));
        Assert.Empty(Platform.Workers(_folder));
        Assert.Equal("stop", (await AskAsync(platform, "say 2"))[^1].FinishReason);
    }

    [Fact]
    public async Task Idle_IsUnloadedByItself_AndTheNextRequestLoadsAgain()
    {
        await using var platform = await StartAsync(options => options with { IdleUnload = TimeSpan.FromMilliseconds(200) });
        await AskAsync(platform, "say 1");
        await Poll.UntilAsync(async () => await UserAsync(platform) is null, "the slot is given back");
        Assert.Empty(Platform.Workers(_folder));
        Assert.Equal("stop", (await AskAsync(platform, "say 2"))[^1].FinishReason);
    }

    [Fact]
    public async Task WorkerDies_EndsTheAnswerWithItsLastWords_AndGivesTheSlotBack()
    {
        await using var platform = await StartAsync();
        var last = (await AskAsync(platform, "die"))[^1];
        Assert.Equal("error", last.FinishReason);
        Assert.Contains("told to die", last.Error, StringComparison.Ordinal);
        await Poll.UntilAsync(async () => await UserAsync(platform) is null, "the slot is given back");
        Assert.Equal("stop", (await AskAsync(platform, "say 1"))[^1].FinishReason);
    }

    [Fact]
    public async Task CallerLeaves_TheRequestIsCancelled_AndOthersGoOn()
    {
        await using var platform = await StartAsync();
        using (var leave = new CancellationTokenSource())
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
            {
                await foreach (var chunk in Server(platform).GenerateAsync(new GenerateRequest { Prompt = "wait" }, leave.Token)) await leave.CancelAsync();
            });
        await Poll.UntilAsync(() => Directory.EnumerateFiles(_folder["logs"]).SelectMany(File.ReadLines).Any(line => line == "cancelled r1"), "the worker hears of it");
        Assert.Equal("stop", (await AskAsync(platform, "say 1"))[^1].FinishReason);
    }

    [Fact]
    public async Task Activations_End_TheModelStaysLoaded()
    {
        await using var platform = await StartAsync();
        await AskAsync(platform, "say 1");
        var worker = Assert.Single(Platform.Workers(_folder));
        await platform.Cluster.DeactivateAsync(Server(platform));
        await platform.Cluster.DeactivateAsync(platform.Slot());
        Assert.Equal("stop", (await AskAsync(platform, "say 1"))[^1].FinishReason);
        Assert.Equal(worker, Assert.Single(Platform.Workers(_folder)));
        // Nor does the new activation need to have served to unload it.
        await platform.Cluster.DeactivateAsync(Server(platform));
        await Server(platform).UnloadAsync();
        Assert.Null(await UserAsync(platform));
    }

    [Theory]
    [InlineData("none", "not trained yet")]
    [InlineData("missing", "no such model")]
    public async Task ModelThatCannotBeLoaded_SaysWhy_AndGivesTheSlotBack(string trial, string says)
    {
        await using var platform = await StartAsync();
        var only = Assert.Single(await AskAsync(platform, "say 1", trial));
        Assert.Equal("error", only.FinishReason);
        Assert.Contains(says, only.Error, StringComparison.Ordinal);
        Assert.Null(await UserAsync(platform));
    }

    [Fact]
    public async Task AllSlotsTaken_SaysSo()
    {
        await using var platform = await StartAsync();
        await platform.Registry.ReserveAsync("test/other", 1);
        Assert.Contains("busy", Assert.Single(await AskAsync(platform, "say 1")).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ModelThatIsNeverLoaded_IsGivenUp_AndGivesTheSlotBack()
    {
        await using var platform = await StartAsync(options => options with { LoadTimeout = TimeSpan.FromSeconds(15) });
        var only = Assert.Single(await AskAsync(platform, "say 1", "hang"));
        Assert.Equal("error", only.FinishReason);
        Assert.Contains("before it was loaded", only.Error, StringComparison.Ordinal);
        await Poll.UntilAsync(async () => await UserAsync(platform) is null, "the slot is given back");
        await Poll.UntilAsync(() => Platform.Workers(_folder).Count == 0, "the worker is ended");
        var answer = (await AskAsync(platform, "say 1"))[^1];
        Assert.True(answer.FinishReason == "stop", $"{answer.FinishReason} {answer.Error}");
    }

    /// <summary>A model that is being unloaded when it is asked for again is loaded anew, on a slot that the registry knows to be taken.</summary>
    [Fact]
    public async Task ModelThatIsAskedWhileItEnds_IsLoadedAnew()
    {
        await using var platform = await StartAsync();
        await AskAsync(platform, "say 1");
        var slot = platform.Grains.GetGrain<ITrainerGrain>("here/cpu0");
        var user = Assert.IsType<string>(await UserAsync(platform));
        var unloading = slot.UnloadAsync(user["server:".Length..]);
        var answer = (await AskAsync(platform, "say 1"))[^1];
        // A request that was there before is told; it may ask again.
        if (answer.Error == "the model was unloaded") answer = (await AskAsync(platform, "say 1"))[^1];
        Assert.True(answer.FinishReason == "stop", answer.Error);
        await unloading;
        // The first may have been answered before the unloading began; whatever serves now has its slot from the registry.
        Assert.Equal("stop", (await AskAsync(platform, "say 1"))[^1].FinishReason);
        Assert.Equal(user, await UserAsync(platform));
        Assert.Single(Platform.Workers(_folder));
    }

    [Fact]
    public async Task ModelThatIsLoaded_StaysBeyondTheTimeForLoading()
    {
        await using var platform = await StartAsync(options => options with { LoadTimeout = TimeSpan.FromSeconds(15) });
        await AskAsync(platform, "say 1");
        var worker = Assert.Single(Platform.Workers(_folder));
        var began = TimeProvider.System.GetTimestamp();
        await Poll.UntilAsync(() => TimeProvider.System.GetElapsedTime(began) > TimeSpan.FromSeconds(15.5), "the time for loading is over");
        Assert.Equal("stop", (await AskAsync(platform, "say 1"))[^1].FinishReason);
        Assert.Equal(worker, Assert.Single(Platform.Workers(_folder)));
    }

    /// <summary>Trials that name the same base (the part of their names before a plus sign here) share its slot and its worker.</summary>
    [Fact]
    public async Task TrialsOfOneBase_AreServedSideBySideOnOneSlot()
    {
        await using var platform = await StartAsync();
        var both = await Task.WhenAll(AskAsync(platform, "say 40", "base+a"), AskAsync(platform, "say 40", "base+b"));
        Assert.All(both, chunks => Assert.Equal(Enumerable.Range(0, 40), chunks.SelectMany(chunk => chunk.Ids)));
        var worker = Assert.Single(Platform.Workers(_folder));
        Assert.Equal("server:fp32:base", await UserAsync(platform));
        // Each is answered by its own adapter, with its own cue.
        Assert.Equal("base+a/cue", Assert.Single(await AskAsync(platform, "adapter", "base+a")).Text);
        Assert.Equal("base+b/cue", Assert.Single(await AskAsync(platform, "adapter", "base+b")).Text);
        Assert.Equal(worker, Assert.Single(Platform.Workers(_folder)));
        Assert.Contains("busy", Assert.Single(await AskAsync(platform, "say 1", "other+a")).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Serve_HasTheSlotsPartOfTheProcessors()
    {
        await using var platform = await StartAsync();
        Assert.Equal(Environment.ProcessorCount.ToString(System.Globalization.CultureInfo.InvariantCulture), Assert.Single(await AskAsync(platform, "job")).Text);
    }

    /// <summary>Every property of a request changes what the worker is told: one that is dropped on the way changes nothing.</summary>
    [Fact]
    public void Command_EveryPropertyOfARequest_ReachesTheWorker()
    {
        var plain = Told(new GenerateRequest { Prompt = "p" });
        foreach (var property in typeof(GenerateRequest).GetProperties())
        {
            var changed = new GenerateRequest { Prompt = "p" };
            property.SetValue(changed, property.GetValue(changed) switch
            {
                null => 3, int n => n + 1, long n => n + 1, bool b => !b, string text => text + "x", DecodingSpec decoding => (object)(decoding with { MinP = 0.1, NumBeams = 4, Strategy = DecodingSpec.Sample }),
                var other => throw new InvalidOperationException($"{property.Name}: what another {other?.GetType()} is, is not known"),
            });
            Assert.NotEqual(plain, Told(changed));
        }
        Assert.Equal("greedy", Command(new GenerateRequest { Prompt = "p" }).Decoding.Strategy);

        static string Told(GenerateRequest request) => System.Text.Json.JsonSerializer.Serialize(Command(request), Frames.Json);
        static GenerateCommand Command(GenerateRequest request) => AlpacaCot.Grains.Workers.ServedModel.Command("r", new ServedRequest(request, null, null));
    }

    /// <summary>A request and its tokens cross processes whole: all settings of decoding, several answers, log-probabilities.</summary>
    [Fact]
    public void Request_WithEverySetting_CrossesCallsUnchanged()
    {
        using var services = new ServiceCollection().AddSerializer().AddPlatformVocabulary().BuildServiceProvider();
        var serializer = services.GetRequiredService<Serializer>();
        T Again<T>(T sent) => serializer.Deserialize<T>(serializer.SerializeToArray(sent))!;
        var request = new GenerateRequest
        {
            Prompt = "p", Raw = true, Seed = 7, Answers = 3, Logprobs = 2,
            Decoding = new DecodingSpec { Strategy = DecodingSpec.Sample, TypicalP = 0.9, NumBeams = 3, NoRepeatNgramSize = 2, Stop = ["x"], SequenceBias = new SortedDictionary<string, double> { ["a"] = -1 } },
        };
        Assert.Equal(Json(request), Json(Again(request)));
        var chunk = new TokenChunk(4, [1], "t", "stop", null, 2, true, [new WrittenToken(1, "t", -0.5, [new WrittenToken(3, "u", -1, [])])], -0.25);
        Assert.Equal(Json(chunk), Json(Again(chunk)));
        Assert.False(Again(chunk).IsLast);

        static string Json<T>(T value) => System.Text.Json.JsonSerializer.Serialize(value, Frames.Json);
    }

    /// <summary>A worker that owes an answer and does not work on it: the caller is told, and the slot is given back.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task WorkerThatStandsStill_WhileItOwesAnAnswer_IsEnded_AndGivesTheSlotBack(bool stopped)
    {
        await using var platform = await StartAsync(options => options with { Silence = SilenceLimits.Of(TimeSpan.FromSeconds(10)) });
        await AskAsync(platform, "say 1");
        if (stopped) Signals.Send("STOP", Assert.Single(Platform.Workers(_folder)));
        var last = (await AskAsync(platform, "wait"))[^1];
        Assert.Equal("error", last.FinishReason);
        Assert.Contains("said nothing of its work", last.Error, StringComparison.Ordinal);
        await Poll.UntilAsync(async () => await UserAsync(platform) is null, "the slot is given back");
        Assert.Equal("stop", (await AskAsync(platform, "say 1"))[^1].FinishReason);
    }

    [Fact]
    public async Task ModelThatNobodyAsks_OwesNothing_AndStays()
    {
        await using var platform = await StartAsync(options => options with { Silence = SilenceLimits.Of(TimeSpan.FromSeconds(10)) });
        await AskAsync(platform, "say 1");
        var worker = Assert.Single(Platform.Workers(_folder));
        var began = TimeProvider.System.GetTimestamp();
        await Poll.UntilAsync(() => TimeProvider.System.GetElapsedTime(began) > TimeSpan.FromSeconds(11), "nobody asks for a while");
        Assert.Equal("stop", (await AskAsync(platform, "say 1"))[^1].FinishReason);
        Assert.Equal(worker, Assert.Single(Platform.Workers(_folder)));
    }
}
