using AlpacaCot.Silo.Storage;
using Microsoft.Data.Sqlite;
using Orleans.Storage;

namespace AlpacaCot.Tests.Silo.Storage;

/// <summary>The store of one machine through Orleans' storage interface.</summary>
public sealed class SqliteGrainStorageTests : IDisposable
{
    private static readonly GrainId _grain = GrainId.Create("counter", "a");
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private string File => _folder["grains.db"];

    private SqliteGrainStorage Open() => new(new SqliteStore(File), new StateJson());

    private static async Task<GrainState<Counter>> ReadAsync(SqliteGrainStorage storage, GrainId? grain = null)
    {
        var state = new GrainState<Counter>();
        await storage.ReadStateAsync("s", grain ?? _grain, state);
        return state;
    }

    [Fact]
    public async Task Read_NoRecord_IsANewStateWithoutVersion()
    {
        using var storage = Open();
        var read = await ReadAsync(storage);
        Assert.Equal((7, null, false), (read.State!.Value, read.ETag, read.RecordExists));
    }

    [Fact]
    public async Task Write_ThenAnotherProcess_ReadsItBack()
    {
        using (var storage = Open()) await storage.WriteStateAsync("s", _grain, State(42));
        using var again = Open();
        var read = await ReadAsync(again);
        Assert.Equal((42, true), (read.State!.Value, read.RecordExists));
    }

    [Fact]
    public async Task Write_OverAForeignVersion_ConflictsAndChangesNothing()
    {
        using var storage = Open();
        var mine = State(1);
        await storage.WriteStateAsync("s", _grain, mine);
        var stale = State(9);
        stale.ETag = mine.ETag;
        await storage.WriteStateAsync("s", _grain, mine);
        var conflict = await Assert.ThrowsAsync<InconsistentStateException>(() => storage.WriteStateAsync("s", _grain, stale));
        Assert.Equal((mine.ETag, stale.ETag), (conflict.StoredEtag, conflict.CurrentEtag));
        await Assert.ThrowsAsync<InconsistentStateException>(() => storage.WriteStateAsync("s", _grain, State(9)));
        await Assert.ThrowsAsync<InconsistentStateException>(() => storage.ClearStateAsync("s", _grain, stale));
        Assert.Equal(1, (await ReadAsync(storage)).State!.Value);
    }

    [Fact]
    public async Task Write_ManyAtOnceThatExpectNoRecord_OneAloneWins()
    {
        using var storage = Open();
        var won = await Task.WhenAll(Enumerable.Range(0, 50).Select(async n =>
        {
            try
            {
                await storage.WriteStateAsync("s", _grain, State(n));
                return n;
            }
            catch (InconsistentStateException)
            {
                return -1;
            }
        }));
        Assert.Equal(Assert.Single(won, n => n >= 0), (await ReadAsync(storage)).State!.Value);
    }

    [Fact]
    public async Task Clear_ThenWrite_StartsAnew()
    {
        using var storage = Open();
        var state = State(5);
        await storage.WriteStateAsync("s", _grain, state);
        await storage.ClearStateAsync("s", _grain, state);
        Assert.Equal((7, null, false), (state.State!.Value, state.ETag, state.RecordExists));
        Assert.False((await ReadAsync(storage)).RecordExists);
        await storage.ClearStateAsync("s", _grain, state);
        await storage.WriteStateAsync("s", _grain, state);
        Assert.True((await ReadAsync(storage)).RecordExists);
    }

    [Fact]
    public async Task Write_ManyWritersOfOneMoment_ShareCommits()
    {
        const int Writers = 64, Rounds = 20;
        using var store = new SqliteStore(File);
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(async () =>
        {
            long? version = null;
            for (var round = 0; round < Rounds; round++)
            {
                var result = await store.WriteAsync($"g{writer}", "s", version, new[] { (byte)round });
                Assert.True(result.Written);
                version = result.Version;
            }
        })));
        Assert.InRange(store.Commits, Rounds, Writers * Rounds / 2);
        for (var writer = 0; writer < Writers; writer++) Assert.Equal([Rounds - 1], (await store.ReadAsync($"g{writer}", "s"))!.Value.Body);
    }

    [Fact]
    public async Task Write_ThatTheFileRefuses_FailsAloneAndTheStoreGoesOn()
    {
        using (Open()) { }
        Execute("CREATE TRIGGER full BEFORE INSERT ON record WHEN NEW.name = 'large' BEGIN SELECT RAISE(ROLLBACK, 'database or disk is full'); END");
        using var storage = Open();
        var kept = State(1);
        await storage.WriteStateAsync("s", _grain, kept);
        var refused = State(2);
        var problem = await Assert.ThrowsAsync<OrleansException>(() => storage.WriteStateAsync("large", _grain, refused));
        Assert.Contains(File, problem.Message, StringComparison.Ordinal);
        Assert.Contains("disk is full", problem.Message, StringComparison.Ordinal);
        Assert.Equal((null, false), (refused.ETag, refused.RecordExists));
        kept.State!.Value = 3;
        await storage.WriteStateAsync("s", _grain, kept);
        Assert.Equal(3, (await ReadAsync(storage)).State!.Value);
    }

    [Fact]
    public void Open_WhileAnotherHoldsTheFile_SaysSoInOneLine()
    {
        using var first = Open();
        var problem = Assert.Throws<OrleansConfigurationException>(Open);
        Assert.Contains("in use by another silo", problem.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', problem.Message);
        first.Dispose();
        Open().Dispose();
    }

    [Fact]
    public void Open_AFileThatIsNoDatabase_SaysWhich()
    {
        System.IO.File.WriteAllText(File, new string('x', 5000));
        Assert.Contains(File, Assert.Throws<OrleansConfigurationException>(Open).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_AFileOfALaterVersion_IsRefusedAndLeftAlone()
    {
        using (Open()) { }
        Execute("PRAGMA user_version = 99");
        Assert.Contains("later version", Assert.Throws<OrleansConfigurationException>(Open).Message, StringComparison.Ordinal);
        Execute("PRAGMA user_version = 1");
        Open().Dispose();
    }

    private void Execute(string text)
    {
        using var database = new SqliteConnection($"Data Source={File};Pooling=False");
        database.Open();
        using var command = database.CreateCommand();
        command.CommandText = text;
        command.ExecuteNonQuery();
    }

    private static GrainState<Counter> State(int value) => new(new Counter { Value = value });

    public sealed class Counter
    {
        public int Value { get; set; } = 7;
    }
}
