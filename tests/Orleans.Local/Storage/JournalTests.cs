using Microsoft.Extensions.DependencyInjection;
using AlpacaCot.Tests.LocalSilo.Processes;
using global::Orleans.Storage;

namespace AlpacaCot.Tests.LocalSilo.Storage;

/// <summary>The journal through the storage interface of a silo.</summary>
public sealed class JournalTests : IDisposable
{
    private static readonly GrainId s_id = GrainId.Create("counter", "a");
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private Task<TestSilo> StartAsync(long compactAfter = 16 << 20)
        => TestSilo.StartAsync(builder => builder.AddJournalGrainStorage("journal", o => (o.Root, o.CompactAfterBytes) = (_folder["state"], compactAfter)));

    private static IGrainStorage Storage(TestSilo silo) => silo.Services.GetRequiredKeyedService<IGrainStorage>("journal");

    private static GrainState<CounterState> State(int value) => new(new CounterState { Value = value });

    [Fact]
    public async Task Write_ThenRestart_ReadsItBack()
    {
        await using (var silo = await StartAsync()) await Storage(silo).WriteStateAsync("s", s_id, State(42));
        await using var again = await StartAsync();
        var read = State(0);
        await Storage(again).ReadStateAsync("s", s_id, read);
        Assert.True(read.RecordExists);
        Assert.Equal(42, read.State!.Value);
    }

    [Fact]
    public async Task Write_WithAForeignVersion_ThrowsAndChangesNothing()
    {
        await using var silo = await StartAsync();
        var mine = State(1);
        await Storage(silo).WriteStateAsync("s", s_id, mine);
        var stale = State(9);
        stale.ETag = mine.ETag;
        await Storage(silo).WriteStateAsync("s", s_id, mine);
        var conflict = await Assert.ThrowsAsync<InconsistentStateException>(() => Storage(silo).WriteStateAsync("s", s_id, stale));
        Assert.Equal(mine.ETag, conflict.StoredEtag);
        await Assert.ThrowsAsync<InconsistentStateException>(() => Storage(silo).WriteStateAsync("s", s_id, State(9)));
        await Assert.ThrowsAsync<InconsistentStateException>(() => Storage(silo).ClearStateAsync("s", s_id, stale));
        var read = State(0);
        await Storage(silo).ReadStateAsync("s", s_id, read);
        Assert.Equal(1, read.State!.Value);
    }

    [Fact]
    public async Task Clear_ThenWrite_StartsAnew()
    {
        await using var silo = await StartAsync();
        var state = State(5);
        await Storage(silo).WriteStateAsync("s", s_id, state);
        await Storage(silo).ClearStateAsync("s", s_id, state);
        Assert.False(state.RecordExists);
        Assert.Null(state.ETag);
        Assert.Equal(0, state.State!.Value);
        await Storage(silo).ReadStateAsync("s", s_id, state);
        Assert.False(state.RecordExists);
        await Storage(silo).WriteStateAsync("s", s_id, state);
        Assert.True(state.RecordExists);
    }

    [Fact]
    public async Task TornTail_AtStart_IsCutAndTheRestIsThere()
    {
        await using (var silo = await StartAsync())
        {
            for (var i = 0; i < 10; i++) await Storage(silo).WriteStateAsync("s", GrainId.Create("counter", $"k{i}"), State(i));
        }
        var segment = Directory.GetFiles(_folder["state"], "journal-*.bin").Single();
        var length = new FileInfo(segment).Length;
        // Each cut may tear the last record anywhere.
        for (var cut = 1; cut < 30; cut += 7)
        {
            using (var file = File.OpenWrite(segment)) file.SetLength(length - cut);
            await using var silo = await StartAsync();
            for (var i = 0; i < 10; i++)
            {
                var read = State(-1);
                await Storage(silo).ReadStateAsync("s", GrainId.Create("counter", $"k{i}"), read);
                Assert.Equal(i < 9, read.RecordExists);
                if (i < 9) Assert.Equal(i, read.State!.Value);
            }
            length = new FileInfo(segment).Length;
            await Storage(silo).WriteStateAsync("s", GrainId.Create("counter", "k9"), State(9));
            await silo.DisposeAsync();
            length = new FileInfo(segment).Length;
        }
    }

    [Fact]
    public async Task GarbageTail_AtStart_IsCut()
    {
        await using (var silo = await StartAsync()) await Storage(silo).WriteStateAsync("s", s_id, State(3));
        var segment = Directory.GetFiles(_folder["state"], "journal-*.bin").Single();
        var before = new FileInfo(segment).Length;
        await File.AppendAllTextAsync(segment, new string('z', 100));
        await using (var again = await StartAsync())
        {
            var read = State(0);
            await Storage(again).ReadStateAsync("s", s_id, read);
            Assert.Equal(3, read.State!.Value);
        }
        Assert.Equal(before, new FileInfo(segment).Length);
    }

    [Fact]
    public async Task Compaction_UnderWrites_KeepsTheLatestOfAll()
    {
        const int Keys = 40, Rounds = 60;
        await using (var silo = await StartAsync(compactAfter: 1 << 14))
        {
            var states = Enumerable.Range(0, Keys).Select(_ => State(0)).ToArray();
            for (var round = 1; round <= Rounds; round++)
                await Task.WhenAll(states.Select((state, key) =>
                {
                    state.State!.Value = round * 1000 + key;
                    state.State.Filler = new string('y', 100);
                    return Storage(silo).WriteStateAsync("s", GrainId.Create("counter", $"k{key}"), state);
                }));
        }
        Assert.Single(Directory.GetFiles(_folder["state"], "snapshot-*.bin"));
        Assert.Empty(Directory.GetFiles(_folder["state"], "*.tmp"));
        Assert.True(Directory.GetFiles(_folder["state"]).Sum(f => new FileInfo(f).Length) < Keys * Rounds * 150, "the journal was not compacted");
        await using var again = await StartAsync();
        for (var key = 0; key < Keys; key++)
        {
            var read = State(0);
            await Storage(again).ReadStateAsync("s", GrainId.Create("counter", $"k{key}"), read);
            Assert.Equal(Rounds * 1000 + key, read.State!.Value);
        }
    }

    [Fact]
    public async Task DamagedSegment_BeforeTheLast_IsRefusedWithItsPlace()
    {
        await using (var silo = await StartAsync()) await Storage(silo).WriteStateAsync("s", s_id, State(3));
        var segment = Directory.GetFiles(_folder["state"], "journal-*.bin").Single();
        File.Copy(segment, segment.Replace("00000001", "00000002", StringComparison.Ordinal));
        using (var file = File.OpenWrite(segment)) file.SetLength(file.Length - 2);
        var error = await Assert.ThrowsAsync<OrleansException>(() => StartAsync());
        Assert.Contains("is damaged at byte", error.Message, StringComparison.Ordinal);
    }
}
