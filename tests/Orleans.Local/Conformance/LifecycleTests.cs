using System.Collections.Concurrent;

namespace AlpacaCot.Tests.LocalSilo.Conformance;

public sealed class LifecycleTests
{
    private sealed class Participant(ConcurrentQueue<string> lines) : ILifecycleParticipant<ISiloLifecycle>
    {
        public void Participate(ISiloLifecycle lifecycle)
        {
            foreach (var stage in new[] { ServiceLifecycleStage.ApplicationServices, ServiceLifecycleStage.RuntimeInitialize, ServiceLifecycleStage.Active })
                lifecycle.Subscribe("test", stage, _ => Note($"start {stage}"), _ => Note($"stop {stage}"));
        }

        private Task Note(string line)
        {
            lines.Enqueue(line);
            return Task.CompletedTask;
        }
    }

    [Fact]
    public async Task Stages_StartUpwardsAndStopDownwards()
    {
        var lines = new ConcurrentQueue<string>();
        var silo = await TestSilo.StartAsync(builder => builder.Services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(new Participant(lines)));
        await silo.DisposeAsync();
        Assert.Equal(["start 2000", "start 10000", "start 20000", "stop 20000", "stop 10000", "stop 2000"], lines);
    }

    [Fact]
    public async Task StartupTask_CallsGrains()
    {
        var answer = "";
        await using var silo = await TestSilo.StartAsync(builder => builder.AddStartupTask(async (services, _) => answer = await services.GetRequiredService<IGrainFactory>().GetGrain<ITurnGrain>("start").Touch()));
        Assert.Equal("start", answer);
    }

    [Fact]
    public async Task StartupTask_ThatFails_StopsTheSilo()
        => await Assert.ThrowsAsync<InvalidOperationException>(() => TestSilo.StartAsync(builder => builder.AddStartupTask((_, _) => throw new InvalidOperationException("no"))));
}
