using System.Net;
using AlpacaCot.Files;
using AlpacaCot.Grains;
using AlpacaCot.Silo;
using AlpacaCot.Silo.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Storage;

namespace AlpacaCot.Tests.Silo.Hosting;

/// <summary>Orleans' providers on our tables: what each of their calls promises.</summary>
[Collection(Postgres.Name)]
public sealed class ClusterProvidersTests(Postgres server) : IAsyncLifetime
{
    private readonly TemporaryFolder _run = new();
    private IHost? _host;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (_host is not null)
        {
            await _host.StopAsync();
            _host.Dispose();
        }
        _run.Dispose();
    }

    /// <summary>A silo of one as a cluster makes it; its providers are asked directly.</summary>
    private async Task<IServiceProvider> StartAsync()
    {
        var services = await BuildAsync();
        await _host!.StartAsync();
        return services;
    }

    /// <summary>The list of members alone: a silo that runs would change it by itself.</summary>
    private async Task<IMembershipTable> MembersAsync()
    {
        var services = await BuildAsync();
        await ClusterSchema.ApplyAsync(services.GetRequiredService<Npgsql.NpgsqlDataSource>(), default);
        var table = services.GetRequiredService<IMembershipTable>();
        await table.InitializeMembershipTableAsync(true);
        return table;
    }

    private async Task<IServiceProvider> BuildAsync()
    {
        var connection = await server.DatabaseAsync();
        var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Logging.SetMinimumLevel(LogLevel.None);
        builder.UseOrleans(silo => silo.UseCluster(connection, new HomeLayout(_run.Path), new SiloArguments { Node = "n1", Cluster = connection }));
        _host = builder.Build();
        return _host.Services;
    }

    public sealed class Numbers
    {
        public List<int> Values { get; set; } = [];
    }

    private static IGrainState<Numbers> State(params int[] values) => new GrainState<Numbers>(new Numbers { Values = [.. values] });

    [Theory]
    [InlineData("text")]
    [InlineData("integer")]
    [InlineData("guid")]
    public async Task Storage_WritesReadsAndClears_ByKeyOfAnyKind(string kind)
    {
        var storage = (await StartAsync()).GetRequiredKeyedService<IGrainStorage>(GrainStorage.Name);
        GrainId Id(int n) => kind switch
        {
            "text" => GrainId.Create("g", $"e/s{n}"),
            "integer" => GrainId.Create(GrainType.Create("g"), GrainIdKeyExtensions.CreateIntegerKey(n)),
            _ => GrainId.Create(GrainType.Create("g"), GrainIdKeyExtensions.CreateGuidKey(new Guid(n, 2, 3, new byte[8]), "more")),
        };
        for (var n = 1; n <= 2; n++) await storage.WriteStateAsync("numbers", Id(n), State(n, n));
        await storage.WriteStateAsync("others", Id(1), State(7));
        var read = State();
        await storage.ReadStateAsync("numbers", Id(2), read);
        Assert.Equal([2, 2], read.State!.Values);
        Assert.Equal(("1", true), (read.ETag, read.RecordExists));
        await storage.ClearStateAsync("numbers", Id(2), read);
        Assert.False(read.RecordExists);
        var again = State(9);
        await storage.ReadStateAsync("numbers", Id(2), again);
        Assert.Empty(again.State!.Values);
        Assert.False(again.RecordExists);
        await storage.WriteStateAsync("numbers", Id(2), again);
        Assert.Equal("3", again.ETag);
    }

    [Fact]
    public async Task Storage_SecondWriterOfAVersion_IsRefused()
    {
        var storage = (await StartAsync()).GetRequiredKeyedService<IGrainStorage>(GrainStorage.Name);
        var id = GrainId.Create("g", "k");
        var (one, two) = (State(), State());
        foreach (var state in (IGrainState<Numbers>[])[one, two]) await storage.ReadStateAsync("numbers", id, state);
        await storage.WriteStateAsync("numbers", id, one);
        await Assert.ThrowsAsync<InconsistentStateException>(() => storage.WriteStateAsync("numbers", id, two));
        await storage.ReadStateAsync("numbers", id, two);
        await storage.WriteStateAsync("numbers", id, two);
        await Assert.ThrowsAsync<InconsistentStateException>(() => storage.WriteStateAsync("numbers", id, one));
        await Assert.ThrowsAsync<InconsistentStateException>(() => storage.ClearStateAsync("numbers", id, one));
    }

    [Fact]
    public async Task Storage_KeepsReadableJson()
    {
        var services = await StartAsync();
        await services.GetRequiredKeyedService<IGrainStorage>(GrainStorage.Name).WriteStateAsync("numbers", GrainId.Create("g", "k"), State(1, 2));
        await using var command = services.GetRequiredService<Npgsql.NpgsqlDataSource>().CreateCommand("SELECT convert_from(body, 'UTF8') FROM grain_state WHERE key_text = 'k'");
        Assert.Equal("""{"Values":[1,2]}""", await command.ExecuteScalarAsync());
    }

    [Fact]
    public async Task Storage_ManyWritersAtOnce_LoseNothing()
    {
        var storage = (await StartAsync()).GetRequiredKeyedService<IGrainStorage>(GrainStorage.Name);
        await Task.WhenAll(Enumerable.Range(0, 16).Select(async n =>
        {
            var id = GrainId.Create("g", $"k{n}");
            var state = State();
            for (var i = 0; i < 25; i++)
            {
                state.State!.Values.Add(i);
                await storage.WriteStateAsync("numbers", id, state);
            }
        }));
        var read = State();
        await storage.ReadStateAsync("numbers", GrainId.Create("g", "k7"), read);
        Assert.Equal((25, "25"), (read.State!.Values.Count, read.ETag));
    }

    private static MembershipEntry Member(int port, SiloStatus status) => new()
    {
        SiloAddress = SiloAddress.New(IPAddress.Parse("10.0.0.1"), port, 5), SiloName = "n2", HostName = "h", Status = status, ProxyPort = 30000,
        StartTime = DateTime.UnixEpoch, IAmAliveTime = DateTime.UnixEpoch,
    };

    [Fact]
    public async Task Members_ChangeOnlyOnTheVersionTheyWereDecidedOn()
    {
        var table = await MembersAsync();
        var before = await table.ReadAllAsync();
        Assert.Empty(before.Members);
        var entry = Member(1, SiloStatus.Joining);
        Assert.True(await table.InsertRowAsync(entry, before.Version.Next()));
        Assert.False(await table.InsertRowAsync(Member(2, SiloStatus.Joining), before.Version.Next()));
        var after = await table.ReadRowAsync(entry.SiloAddress);
        Assert.Equal(before.Version.Version + 1, after.Version.Version);
        Assert.False(await table.InsertRowAsync(entry, after.Version.Next()));
        Assert.Equal(after.Version.Version, (await table.ReadAllAsync()).Version.Version);
        var read = Assert.Single(after.Members).Item1;
        Assert.Equal((entry.SiloName, entry.Status, entry.ProxyPort, entry.StartTime), (read.SiloName, read.Status, read.ProxyPort, read.StartTime));

        read.Status = SiloStatus.Dead;
        read.SuspectTimes = [Tuple.Create(Member(2, SiloStatus.Active).SiloAddress, DateTime.UnixEpoch)];
        Assert.False(await table.UpdateRowAsync(read, before.Version.VersionEtag, before.Version.Next()));
        Assert.True(await table.UpdateRowAsync(read, after.Members[0].Item2, after.Version.Next()));
        var dead = (await table.ReadRowAsync(entry.SiloAddress)).Members[0].Item1;
        Assert.Equal((SiloStatus.Dead, 1), (dead.Status, dead.SuspectTimes!.Count));
    }

    [Fact]
    public async Task Members_OfSeveralSilosAtOnce_GetOneVersionEach()
    {
        var table = await MembersAsync();
        await Task.WhenAll(Enumerable.Range(1, 8).Select(async port =>
        {
            while (!await table.InsertRowAsync(Member(port, SiloStatus.Joining), (await table.ReadAllAsync()).Version.Next())) { }
        }));
        var read = await table.ReadAllAsync();
        Assert.Equal((8, 8), (read.Members.Count, read.Version.Version));
    }

    [Fact]
    public async Task Members_UnknownSilo_IsTheVersionAlone()
    {
        var table = await MembersAsync();
        Assert.True(await table.InsertRowAsync(Member(1, SiloStatus.Active), (await table.ReadAllAsync()).Version.Next()));
        var read = await table.ReadRowAsync(Member(2, SiloStatus.Active).SiloAddress);
        Assert.Empty(read.Members);
        Assert.Equal(1, read.Version.Version);
    }

    [Fact]
    public async Task Members_SignOfLife_KeepsAMemberFromBeingCleanedUp()
    {
        var table = await MembersAsync();
        foreach (var entry in (MembershipEntry[])[Member(1, SiloStatus.Active), Member(2, SiloStatus.Dead), Member(3, SiloStatus.Dead)])
            Assert.True(await table.InsertRowAsync(entry, (await table.ReadAllAsync()).Version.Next()));
        var lately = Member(3, SiloStatus.Dead);
        lately.IAmAliveTime = new DateTime(2021, 2, 3, 0, 0, 0, DateTimeKind.Utc);
        await table.UpdateIAmAliveAsync(lately);
        await table.CleanupDefunctSiloEntriesAsync(DateTimeOffset.UnixEpoch.AddYears(40));
        var left = await table.ReadAllAsync();
        Assert.Equal([1, 3], left.Members.Select(m => m.Item1.SiloAddress.Endpoint.Port).Order());
        Assert.Equal((3, lately.IAmAliveTime), (left.Version.Version, left.Members.First(m => m.Item1.SiloAddress.Endpoint.Port == 3).Item1.IAmAliveTime));
    }

    [Fact]
    public async Task Reminders_AreKeptByGrainAndByRange()
    {
        var table = (await StartAsync()).GetRequiredService<IReminderTable>();
        var grains = Enumerable.Range(0, 20).Select(n => GrainId.Create("sweep", $"e/s{n}")).ToList();
        foreach (var grain in grains) await table.UpsertRow(Entry(grain, TimeSpan.FromMinutes(1)));
        var hashes = grains.Select(grain => grain.GetUniformHashCode()).Order().ToList();
        async Task<IReadOnlyList<uint>> Range(uint begin, uint end) => [.. (await table.ReadRows(begin, end)).Reminders.Select(r => r.GrainId.GetUniformHashCode()).Order()];
        Assert.Equal(hashes[3..10], await Range(hashes[2], hashes[9]));
        Assert.Equal([.. hashes[..3], .. hashes[18..]], await Range(hashes[17], hashes[2]));
        Assert.Equal(hashes, await Range(5, 5));

        var first = await table.ReadRow(grains[0], "wake");
        Assert.Equal((TimeSpan.FromMinutes(1), DateTime.UnixEpoch, "1"), (first!.Period, first.StartAt, first.ETag));
        Assert.Equal("2", await table.UpsertRow(Entry(grains[0], TimeSpan.FromDays(60))));
        Assert.Equal(TimeSpan.FromDays(60), Assert.Single((await table.ReadRows(grains[0])).Reminders).Period);
        Assert.False(await table.RemoveRow(grains[0], "wake", "1"));
        Assert.True(await table.RemoveRow(grains[0], "wake", "2"));
        Assert.Null(await table.ReadRow(grains[0], "wake"));
    }

    private static ReminderEntry Entry(GrainId grain, TimeSpan period) => new() { GrainId = grain, ReminderName = "wake", StartAt = DateTime.UnixEpoch, Period = period };
}
