using AlpacaCot.Files;
using AlpacaCot.Grains.Contracts;
using AlpacaCot.Specs;

namespace AlpacaCot.Client.Library;

/// <summary>Where a program finds the laboratory.</summary>
public sealed record LaboratoryOptions
{
    /// <summary>The home; null for <c>$ALPACACOT_HOME</c>, or <c>~/.alpacacot</c>.</summary>
    public string? Home { get; init; }

    /// <summary>
    /// The folder of the platform's client, beside which its silo and its worker lie (<c>artifacts/bin/Client/release</c> of a checkout, or where it was published). Null looks beside this program, beside the
    /// <c>alpacacot</c> of the search path, and where the home's last silo or worker was started from. Only checking files and starting a silo need them.
    /// </summary>
    public string? Programs { get; init; }

    /// <summary>The connection string of a cluster's database; null for the silo of the home.</summary>
    public string? Cluster { get; init; }

    /// <summary>Whether a silo is started where none runs for the home. It ends when neither this program nor a sweep that it was given needs it any more.</summary>
    public bool StartSilo { get; init; }

    /// <summary>CPU slots of a silo that is started.</summary>
    public int Slots { get; init; } = 1;
}

/// <summary>
/// The client library: sweeps of a home, or of a cluster, from a program. It is the command line without its words: files are checked as <c>sweep validate</c> does, and what is submitted is
/// the same sweep for both.
/// </summary>
public sealed class Laboratory : IAsyncDisposable
{
    private readonly ClientContext _context;
    private readonly SiloSession _silo;

    private Laboratory(ClientContext context, SiloSession silo) => (_context, _silo) = (context, silo);

    /// <summary>Connects to the silo of a home, or to a cluster.</summary>
    /// <param name="options">Where it is; the user's home by default.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="ClientException">No silo runs, and none was to be started or could be.</exception>
    /// <exception cref="HomeException">The home cannot be used.</exception>
    public static async Task<Laboratory> ConnectAsync(LaboratoryOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new LaboratoryOptions();
        var home = options.Home is { } folder ? HomeLayout.At(folder) : HomeLayout.FromEnvironment();
        var programs = new PlatformPrograms(home, options.Programs, AppContext.BaseDirectory, Environment.GetEnvironmentVariable("PATH") ?? "");
        var context = new ClientContext(home, programs, TimeProvider.System) { Cluster = options.Cluster };
        return new Laboratory(context, await SiloSession.ConnectAsync(context, options.StartSilo, SiloSession.SlotArguments(options.Slots), cancellationToken));
    }

    /// <summary>Checks a sweep file whole, without running it: its text, models and tokenizers, rows under each tokenizer, suites.</summary>
    /// <exception cref="ClientException">The file cannot be read, or no worker could look at what it names.</exception>
    public async Task<CheckedSweep> ValidateAsync(string file, CancellationToken cancellationToken = default)
        => new(await SweepPreflight.CheckAsync(_context, file, cancellationToken, grains: () => Task.FromResult<IGrainFactory>(_silo.Grains)));

    /// <summary>Submits a sweep. The same again, under the same name, is the same sweep.</summary>
    /// <param name="sweep">A sweep that is valid.</param>
    /// <param name="name">The name of this run; the sweep's own where null.</param>
    /// <param name="experiment">The experiment that it belongs to.</param>
    /// <param name="fresh">Take nothing over from other sweeps of the home.</param>
    /// <param name="cancellationToken">Ends the call; a sweep that was submitted runs.</param>
    /// <exception cref="ClientException">It is not valid, or another sweep has the name.</exception>
    public async Task<LaboratorySweep> SubmitAsync(CheckedSweep sweep, string? name = null, string experiment = SweepName.DefaultExperiment, bool fresh = false, CancellationToken cancellationToken = default)
    {
        if (!sweep.IsValid) throw new ClientException($"the sweep '{sweep.Name}' is not valid: {sweep.Remarks.First(remark => remark.Severity == SpecSeverity.Error)}");
        var at = new SweepName(experiment, name ?? sweep.Name).Checked();
        var reply = await _silo.Grains.GetGrain<IExperimentGrain>(experiment).SubmitAsync(sweep.Submission(_context.Home, at, fresh)).WaitAsync(cancellationToken);
        return reply.Problem is null ? Sweep(at.Name, experiment) : throw new ClientException(reply.Problem);
    }

    /// <summary>A sweep that was submitted before, by whomever.</summary>
    public LaboratorySweep Sweep(string name, string experiment = SweepName.DefaultExperiment) => new(_silo.Grains, new SweepName(experiment, name).Checked());

    /// <summary>The sweeps of an experiment, in the order of their submission.</summary>
    public async Task<IReadOnlyList<SweepSummary>> ListAsync(string experiment = SweepName.DefaultExperiment, CancellationToken cancellationToken = default)
        => await _silo.Grains.GetGrain<IExperimentGrain>(experiment).ListAsync().WaitAsync(cancellationToken);

    /// <summary>Disconnects. Sweeps go on; a silo that this program has started ends with the last of them.</summary>
    public ValueTask DisposeAsync() => _silo.DisposeAsync();
}

/// <summary>A sweep file that was checked.</summary>
public sealed class CheckedSweep
{
    private readonly SweepPreflight _check;

    internal CheckedSweep(SweepPreflight check) => _check = check;

    /// <summary>The sweep's own name.</summary>
    public string Name => _check.Name;

    /// <summary>Whether it may run.</summary>
    public bool IsValid => _check.IsValid;

    /// <summary>Errors and advice, each with its line and its fix.</summary>
    public IReadOnlyList<SpecError> Remarks => _check.Remarks;

    internal SubmitSweep Submission(HomeLayout home, SweepName sweep, bool fresh) => _check.Submission(home, sweep, fresh);
}

/// <summary>A sweep in a silo or a cluster.</summary>
public sealed class LaboratorySweep
{
    private readonly IGrainFactory _grains;
    private readonly SweepName _name;

    internal LaboratorySweep(IGrainFactory grains, SweepName name) => (_grains, _name) = (grains, name);

    /// <summary>Its name.</summary>
    public string Name => _name.Name;

    private ISweepGrain Grain => _grains.GetGrain<ISweepGrain>(_name.Key);

    /// <summary>Its state, and that of every trial.</summary>
    public Task<SweepStatus> GetStatusAsync() => Grain.GetStatusAsync();

    /// <summary>What it is made of, with every default; null where there is no such sweep.</summary>
    public Task<SweepDetails?> ShowAsync() => Grain.ShowAsync();

    /// <summary>All that is known of a trial; null where there is none of that name.</summary>
    public Task<TrialDetails?> ShowTrialAsync(string trial) => Grain.ShowTrialAsync(trial);

    /// <summary>What happens to it, until it ends.</summary>
    public IAsyncEnumerable<WatchedEvent> WatchAsync(CancellationToken cancellationToken = default) => Grain.WatchAsync(0, cancellationToken);

    /// <summary>Cancels what is not done yet.</summary>
    public Task CancelAsync() => Grain.CancelAsync();

    /// <summary>Takes up what a crash or a cancellation left undone.</summary>
    public Task ResumeAsync(bool retryFailed = false) => Grain.ResumeAsync(retryFailed);

    /// <summary>Asks a trained trial's model; tokens come as they are made, the last with a finish reason.</summary>
    public IAsyncEnumerable<TokenChunk> AskAsync(string trial, string prompt, CancellationToken cancellationToken = default) => AskAsync(trial, new GenerateRequest { Prompt = prompt }, cancellationToken);

    /// <summary>Asks a trained trial's model.</summary>
    public IAsyncEnumerable<TokenChunk> AskAsync(string trial, GenerateRequest request, CancellationToken cancellationToken = default)
        => _grains.GetGrain<IModelServerGrain>($"{_name.Key}/{trial}").GenerateAsync(request, cancellationToken);
}
