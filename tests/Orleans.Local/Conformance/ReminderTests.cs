namespace AlpacaCot.Tests.LocalSilo.Conformance;

public interface IReminderTestGrain : IGrainWithStringKey
{
    Task Register(string name, int periodMs);

    Task Unregister(string name);

    Task<int> Ticks(string name);

    Task<string[]> Names();
}

public class ReminderTestGrain : Grain, IReminderTestGrain, IRemindable
{
    private readonly Dictionary<string, int> _ticks = [];

    public Task Register(string name, int periodMs) => this.RegisterOrUpdateReminder(name, TimeSpan.Zero, TimeSpan.FromMilliseconds(periodMs));

    public async Task Unregister(string name) => await this.UnregisterReminder((await this.GetReminder(name))!);

    public Task<int> Ticks(string name) => Task.FromResult(_ticks.GetValueOrDefault(name));

    public async Task<string[]> Names() => [.. (await this.GetReminders()).Select(r => r.ReminderName).Order(StringComparer.Ordinal)];

    public Task ReceiveReminder(string reminderName, TickStatus status)
    {
        Assert.Equal(DateTimeKind.Utc, status.FirstTickTime.Kind);
        Assert.True(status.CurrentTickTime >= status.FirstTickTime);
        _ticks[reminderName] = _ticks.GetValueOrDefault(reminderName) + 1;
        return Task.CompletedTask;
    }
}

public interface IUnremindableGrain : IGrainWithStringKey
{
    Task Register();
}

public class UnremindableGrain : Grain, IUnremindableGrain
{
    public Task Register() => this.RegisterOrUpdateReminder("x", TimeSpan.Zero, TimeSpan.FromMinutes(1));
}

public sealed class ReminderTests
{
    private static void Durable(ISiloBuilder builder, TemporaryFolder folder) => builder.AddJournalGrainStorageAsDefault(o => o.Root = folder["state"]);

    [Fact]
    public async Task Reminder_Registered_TicksUntilUnregistered()
    {
        await using var silo = await TestSilo.StartAsync(b => b.UseInMemoryReminderService());
        var grain = silo.Grains.GetGrain<IReminderTestGrain>("a");
        await grain.Register("r", 50);
        await grain.Register("s", 60_000);
        await Poll.UntilAsync(async () => await grain.Ticks("r") >= 2, "two ticks");
        Assert.Equal(["r", "s"], (await grain.Names()).AsEnumerable());
        await grain.Unregister("r");
        Assert.Equal(["s"], (await grain.Names()).AsEnumerable());
    }

    [Fact]
    public async Task Reminder_AfterARestart_ActivatesItsGrain()
    {
        using var folder = new TemporaryFolder();
        await using (var silo = await TestSilo.StartAsync(b => Durable(b, folder)))
        {
            await silo.Grains.GetGrain<IReminderTestGrain>("kept").Register("r", 50);
            await silo.Grains.GetGrain<IReminderTestGrain>("kept").Register("gone", 50);
            await silo.Grains.GetGrain<IReminderTestGrain>("kept").Unregister("gone");
        }
        await using var again = await TestSilo.StartAsync(b => Durable(b, folder));
        var management = again.Grains.GetGrain<IManagementGrain>(0);
        // Nobody calls the grain: only its reminder can activate it.
        await Poll.UntilAsync(async () => (await management.GetActiveGrains(GrainType.Create("remindertest"))).Count == 1, "the reminder activates the grain");
        Assert.Equal(["r"], (await again.Grains.GetGrain<IReminderTestGrain>("kept").Names()).AsEnumerable());
    }

    [Fact]
    public async Task Register_BelowTheMinimum_IsRefused()
    {
        await using var silo = await TestSilo.StartAsync(b => b.UseInMemoryReminderService());
        await Assert.ThrowsAsync<ArgumentException>(() => silo.Grains.GetGrain<IReminderTestGrain>("a").Register("r", 10));
    }

    [Fact]
    public async Task Register_OnAGrainThatIsNotRemindable_IsRefused()
    {
        await using var silo = await TestSilo.StartAsync(b => b.UseInMemoryReminderService());
        await Assert.ThrowsAsync<InvalidOperationException>(() => silo.Grains.GetGrain<IUnremindableGrain>("a").Register());
    }
}
