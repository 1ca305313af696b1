using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using AlpacaCot.Files;
using AlpacaCot.Grains.Slots;
using AlpacaCot.Silo.Storage;
using AlpacaCot.Specs;
using AlpacaCot.Supervision;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Orleans.Runtime.Hosting;
using Orleans.Storage;
using Orleans.TestingHost;

namespace AlpacaCot.Tests.Grains;

/// <summary>The platform's grains on a cluster in this process, with the store of one machine and real worker processes whose packs are answered by a stub.</summary>
internal sealed class Platform : IAsyncDisposable
{
    public const string Node = "here";
    private readonly InProcessTestCluster _cluster;
    private readonly SqliteStore _store;

    private Platform(InProcessTestCluster cluster, SqliteStore store, Storage storage, Owner owner) => (_cluster, _store, Storage, Owner) = (cluster, store, storage, owner);

    public IGrainFactory Grains => _cluster.Client;

    /// <summary>The services of the silo.</summary>
    public IServiceProvider Services => _cluster.Silos[0].ServiceProvider;

    public InProcessTestCluster Cluster => _cluster;

    /// <summary>Stands for the sweeps <c>test/…</c>.</summary>
    public Owner Owner { get; }

    /// <summary>The store, whose writes may be made to fail.</summary>
    public Storage Storage { get; }

    /// <summary>Starts a silo whose home is a folder.</summary>
    /// <param name="folder">The home.</param>
    /// <param name="slots">How many slots; none makes a silo that drives nothing.</param>
    /// <param name="trialSeconds">How long a stub takes for a trial.</param>
    /// <param name="change">Changes the options of the slots.</param>
    /// <param name="time">The clock of the grains; the system's otherwise.</param>
    /// <param name="silentDevice">Slots of this device take work and never report.</param>
    /// <param name="nodes">A silo for each; one, named <see cref="Node"/>, otherwise.</param>
    public static async Task<Platform> StartAsync(
        TemporaryFolder folder, int slots = 1, double trialSeconds = 0, Func<SlotOptions, SlotOptions>? change = null, TimeProvider? time = null, string? silentDevice = null,
        params string[] nodes)
    {
        if (nodes.Length == 0) nodes = [Node];
        var home = new HomeLayout(folder.Path);
        var options = new SlotOptions
        {
            WorkerProgram = Siblings.Find(AppContext.BaseDirectory, "Worker"), WorkerArguments = ["--stub", trialSeconds.ToString(CultureInfo.InvariantCulture)],
            SocketFolder = home.Run, LogFolder = home.Logs, Heartbeat = TimeSpan.FromMilliseconds(200), Collect = TimeSpan.FromMilliseconds(20),
        };
        var owner = new Owner { SilentDevice = silentDevice };
        HomeLayout.MakePrivate(home.State);
        var store = new SqliteStore(Path.Combine(home.State, SqliteSchema.FileName));
        var storage = new Storage(new SqliteGrainStorage(store, new StateJson()));
        var builder = new InProcessTestClusterBuilder((short)nodes.Length);
        builder.ConfigureHost(host => host.Logging.SetMinimumLevel(LogLevel.None));
        builder.ConfigureClient(client => client.Services.AddPlatformVocabulary());
        builder.ConfigureSiloHost((_, host) => host.Services.AddSingleton(time ?? TimeProvider.System).AddPlatformGrains(change?.Invoke(options) ?? options, home));
        // Silos are built side by side: each knows its node by its own name, Silo_0 and on.
        builder.ConfigureSilo((own, silo) => silo
            .AddIncomingGrainCallFilter(owner.Invoke)
            .AddPlatformNode(nodes[int.Parse(own.SiloName.Split('_')[1], CultureInfo.InvariantCulture)], [.. Enumerable.Range(0, slots).Select(n => string.Create(CultureInfo.InvariantCulture, $"cpu{n}"))])
            .Services.AddGrainStorage(GrainStorage.Name, (_, _) => storage));
        var cluster = builder.Build();
        await cluster.DeployAsync();
        return new Platform(cluster, store, storage, owner);
    }

    public async ValueTask DisposeAsync()
    {
        await _cluster.StopAllSilosAsync();
        await _cluster.DisposeAsync();
        _store.Dispose();
    }

    public ITrainerGrain Slot(int n = 0) => Grains.GetGrain<ITrainerGrain>(string.Create(CultureInfo.InvariantCulture, $"{Node}/cpu{n}"));

    public IDeviceRegistryGrain Registry => Grains.GetGrain<IDeviceRegistryGrain>("default");

    /// <summary>The worker processes that were started for a home.</summary>
    public static IReadOnlyList<int> Workers(TemporaryFolder folder)
    {
        bool IsWorker(string process)
        {
            try
            {
                var words = File.ReadAllText(Path.Combine(process, "cmdline")).Split('\0');
                return words[0] != "/bin/sh" && words.Any(word => word.StartsWith(folder["run"] + "/w", StringComparison.Ordinal)) && !File.ReadAllText(Path.Combine(process, "stat")).Contains(") Z", StringComparison.Ordinal);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return false;
            }
        }
        return [.. Directory.EnumerateDirectories("/proc").Where(path => int.TryParse(Path.GetFileName(path), out _)).Where(IsWorker)
            .Select(path => int.Parse(Path.GetFileName(path), CultureInfo.InvariantCulture))];
    }

    /// <summary>Work for a stub: one adapter with trials of one evaluation each, for which it waits one after the other; the first has a name that may be given.</summary>
    public static AssignmentJob Job(TemporaryFolder folder, int trials = 1, string name = "t0")
    {
        return new EvaluateJob
        {
            Base = new BaseModel("none", "fp32"), Directory = folder.Path, BaseDirectory = folder.Path, Folders = new HomeLayout(folder.Path).WorkerFolders,
            Members =
            [
                new EvaluateMember
                {
                    Name = "m", Adapter = "none",
                    Trials = [.. Enumerable.Range(0, trials).Select(n => new EvaluateTrial { Name = n == 0 ? name : $"t{n}", Decoding = new DecodingSpec(), Evaluation = [new EvaluationSpec { Name = "e", Suite = "e" }] })],
                },
            ],
        };
    }
}

/// <summary>A store for all silos of a test, whose writes fail where a test says so.</summary>
internal sealed class Storage(IGrainStorage inner) : IGrainStorage
{
    /// <summary>Whether the write of a record fails.</summary>
    public Func<string, GrainId, bool> Fails { get; set; } = (_, _) => false;

    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => inner.ReadStateAsync(stateName, grainId, grainState);

    /// <summary>What a write waits for.</summary>
    public Func<string, GrainId, Task> Before { get; set; } = (_, _) => Task.CompletedTask;

    /// <summary>The characters of every record that was written.</summary>
    public ConcurrentQueue<(GrainId Grain, int Characters)> Written { get; } = new();

    public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        Written.Enqueue((grainId, JsonSerializer.Serialize(grainState.State).Length));
        if (Fails(stateName, grainId)) throw new OrleansException("no space left on device");
        await Before(stateName, grainId);
        await inner.WriteStateAsync(stateName, grainId, grainState);
    }

    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => inner.ClearStateAsync(stateName, grainId, grainState);
}

/// <summary>Answers for the sweep grains <c>test/…</c>, so that a slot can be watched alone, and for silent slots, which take work and say nothing more.</summary>
internal sealed class Owner
{
    private readonly ConcurrentQueue<SlotReport> _reports = new();

    /// <summary>What a report is answered; it may throw.</summary>
    public Func<SlotReport, bool> Answer { get; set; } = _ => true;

    /// <summary>The sweeps that were told that slots are free again, or gone.</summary>
    public ConcurrentQueue<string> Told { get; } = new();

    /// <summary>The calls to data sets that are on their way: each has gone as far as it can without waiting.</summary>
    public ConcurrentQueue<string> Preparing { get; } = new();

    /// <summary>Devices of slots that take any work and never report.</summary>
    public string? SilentDevice { get; init; }

    /// <summary>What silent slots were given, in order.</summary>
    public ConcurrentQueue<SlotAssignment> Given { get; } = new();

    /// <summary>The fences that silent slots were given, in order.</summary>
    public ConcurrentQueue<long> Silenced { get; } = new();

    public IReadOnlyList<SlotReport> Reports => [.. _reports];

    public IReadOnlyList<WorkerEvent> Events(long fence)
        => [.. Reports.Where(r => r.Fence == fence).SelectMany(r => r.Events)];

    public async Task<WorkerEvent> EndAsync(long fence)
    {
        WorkerEvent? end = null;
        await Poll.UntilAsync(() => (end = Events(fence).FirstOrDefault(e => e is DoneEvent or FailedEvent)) is not null, $"the end of fence {fence}");
        return end!;
    }

    private Task AnswerSilently(IIncomingGrainCallContext context)
    {
        switch (context.MethodName)
        {
            case nameof(ITrainerGrain.StartAsync):
                var given = (SlotAssignment)context.Request.GetArgument(0)!;
                Given.Enqueue(given);
                Silenced.Enqueue(given.Fence);
                context.Result = new StartAnswer(StartReply.Started, 0);
                break;
            case nameof(ITrainerGrain.RunningFenceAsync):
                context.Result = Silenced.LastOrDefault();
                break;
        }
        return Task.CompletedTask;
    }

    public Task Invoke(IIncomingGrainCallContext context)
    {
        var key = context.TargetId.Key.ToString()!;
        if (SilentDevice is not null && key.EndsWith($"/{SilentDevice}", StringComparison.Ordinal) && context.InterfaceMethod.DeclaringType == typeof(ITrainerGrain)) return AnswerSilently(context);
        if (context.InterfaceMethod.DeclaringType == typeof(IDatasetGrain))
        {
            var call = context.Invoke();
            Preparing.Enqueue(key);
            return call;
        }
        if (!key.StartsWith("test/", StringComparison.Ordinal)) return context.Invoke();
        switch (context.MethodName)
        {
            case nameof(ISweepGrain.ReportAsync):
                var report = (SlotReport)context.Request.GetArgument(0)!;
                // What throws is not answered; what is answered counts as stored.
                var answer = Answer(report);
                _reports.Enqueue(report);
                context.Result = new ReportAnswer(answer);
                return Task.CompletedTask;
            case nameof(ISweepGrain.SlotsChangedAsync):
                Told.Enqueue(key);
                return Task.CompletedTask;
            case nameof(ISweepGrain.LocateAsync):
                // The base is named as the trial is up to a plus sign, the adapter as the whole of it; one named none is not trained.
                var trial = (string)context.Request.GetArgument(0)!;
                context.Result = trial == "none" ? new TrainedModel("", "", null, null, "the trial 'none' is not trained yet") : new TrainedModel(trial.Split('+')[0], "fp32", trial, "cue", null);
                return Task.CompletedTask;
            default:
                return context.Invoke();
        }
    }
}

/// <summary>A fake clock that goes on in small steps while something is waited for: what is due runs between the steps.</summary>
internal static class Clock
{
    /// <summary>Lets the clock go on until something is true.</summary>
    public static Task AdvanceUntilAsync(this FakeTimeProvider time, Func<Task<bool>> condition, string what, TimeSpan step)
        => Poll.UntilAsync(async () =>
        {
            time.Advance(step);
            return await condition();
        }, what);

    /// <summary>Lets the clock go on for a while.</summary>
    public static async Task AdvanceAsync(this FakeTimeProvider time, TimeSpan span, TimeSpan step)
    {
        for (var gone = TimeSpan.Zero; gone < span; gone += step)
        {
            time.Advance(step);
            await Task.Delay(5);
        }
    }
}

/// <summary>Waits for something to become true, with a deadline instead of a fixed sleep.</summary>
internal static class Poll
{
    public static async Task UntilAsync(Func<Task<bool>> condition, string what, int seconds = 120)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < TimeSpan.FromSeconds(seconds), $"after {seconds} s still not: {what}");
            await Task.Delay(10);
        }
    }

    public static Task UntilAsync(Func<bool> condition, string what, int seconds = 120) => UntilAsync(() => Task.FromResult(condition()), what, seconds);
}
