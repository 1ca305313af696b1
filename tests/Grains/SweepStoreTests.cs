using System.Text.Json;
using AlpacaCot.Experiments.Planning;
using AlpacaCot.Experiments.Scheduling;
using AlpacaCot.Grains.Sweeps;
using AlpacaCot.Silo.Storage;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Keys;

namespace AlpacaCot.Tests.Grains;

/// <summary>The parts of a sweep's record in the store.</summary>
public sealed class SweepStoreTests : IDisposable
{
    private static readonly GrainId _sweep = GrainId.Create("sweep", "e/s");
    private readonly TemporaryFolder _folder = new();
    private readonly SqliteStore _file;
    private readonly Storage _storage;
    private readonly List<string> _written = [];

    public SweepStoreTests()
    {
        _file = new SqliteStore(_folder["grains.db"]);
        _storage = new Storage(new SqliteGrainStorage(_file, new StateJson()));
        _storage.Fails = (name, _) =>
        {
            _written.Add(name);
            return false;
        };
    }

    public void Dispose()
    {
        _file.Dispose();
        _folder.Dispose();
    }

    private static SweepState State(int seeds) => SweepState.Create(
        "s",
        SweepDocument.ParseValid($"name: s\nseeds: [{string.Join(", ", Enumerable.Range(0, seeds))}]\nmodels: [{{ name: m, path: m }}]\npeft: [{{ name: l, method: lora }}]\ndata: [{{ name: d, sources: [goat] }}]"),
        SpecIdentities.None, new PlanLimits { MaxMembers = 1, Slots = 9 }, new SchedulingOptions { ShardTrials = 2 }, DateTimeOffset.UnixEpoch);

    private static SweepSubmission Submission(SweepState state) => new() { Name = "s", BaseDirectory = "b", Directory = "d", Origin = state.Origin };

    private static string Text(SweepState state) => JsonSerializer.Serialize(state.Shards) + JsonSerializer.Serialize(state.Header) + JsonSerializer.Serialize(state.Origin);

    [Fact]
    public async Task Load_NoSweep_IsNull() => Assert.Null(await new SweepStore(_sweep, _storage, new RecordHealth()).LoadAsync());

    [Fact]
    public async Task Create_ThenLoad_IsTheSameStateAndSubmission()
    {
        var state = State(5);
        await new SweepStore(_sweep, _storage, new RecordHealth()).CreateAsync(Submission(state), state);
        var again = new SweepStore(_sweep, _storage, new RecordHealth());
        Assert.Equal(Text(state), Text((await again.LoadAsync())!));
        Assert.Equal(("s", "b", "d", false), (again.Submission.Name, again.Submission.BaseDirectory, again.Submission.Directory, again.Ended));
    }

    [Fact]
    public async Task Write_OneLease_TouchesOneShardAndTheHead()
    {
        var state = State(5);
        var store = new SweepStore(_sweep, _storage, new RecordHealth());
        await store.CreateAsync(Submission(state), state);
        Assert.Equal(["sweep", "shard-0", "shard-1", "shard-2", "submission"], _written.Order(StringComparer.Ordinal).OrderByDescending(name => name == "sweep").ToArray());
        _written.Clear();
        SweepMachine.Apply(state, new Drive([new SlotOffer("here/cpu0")]), DateTimeOffset.UnixEpoch);
        await store.WriteAsync(state);
        Assert.Equal(["shard-0", "sweep"], _written);
        _written.Clear();
        await store.WriteAsync(state);
        Assert.Empty(_written);
    }

    [Fact]
    public async Task Create_AfterOneThatDidNotComeToItsEnd_OverwritesItsParts()
    {
        var broken = State(7);
        _storage.Fails = (name, _) => name == "sweep";
        await Assert.ThrowsAsync<OrleansException>(() => new SweepStore(_sweep, _storage, new RecordHealth()).CreateAsync(Submission(broken), broken));
        _storage.Fails = (_, _) => false;
        var store = new SweepStore(_sweep, _storage, new RecordHealth());
        Assert.Null(await store.LoadAsync());
        var state = State(3);
        await store.CreateAsync(Submission(state), state);
        Assert.Equal(Text(state), Text((await new SweepStore(_sweep, _storage, new RecordHealth()).LoadAsync())!));
    }

    [Fact]
    public async Task EndAndReport_AreReadAgain()
    {
        var state = State(1);
        var store = new SweepStore(_sweep, _storage, new RecordHealth());
        await store.CreateAsync(Submission(state), state);
        await store.WriteReportAsync(new StoredReport { Html = "h" });
        await store.WriteEndedAsync(state, ended: true);
        var again = new SweepStore(_sweep, _storage, new RecordHealth());
        await again.LoadAsync();
        Assert.Equal((true, "h", null), (again.Ended, again.Report.Html, again.Report.Problem));
    }
}
