using System.Globalization;
using System.Text;
using AlpacaCot.Experiments.Scheduling;

namespace AlpacaCot.Grains.Sweeps;

/// <summary>A log for every trial of a sweep, <c>logs/&lt;trial&gt;.log</c> in the sweep's folder: what happened to it, and when, also where all goes well.</summary>
internal sealed class TrialLogs(Action<string, string> failed)
{
    /// <summary>Steps come many times a second; a log of them shows one in so long.</summary>
    private static readonly TimeSpan _pause = TimeSpan.FromSeconds(10);

    /// <summary>What comes so close together is written together: a file is opened once for what a short trial says.</summary>
    private static readonly TimeSpan _gathering = TimeSpan.FromMilliseconds(250);

    private readonly Dictionary<string, StringBuilder> _unwritten = new(StringComparer.Ordinal);
    private readonly Dictionary<string, IReadOnlyList<string>> _work = new(StringComparer.Ordinal);
    private Dictionary<string, IReadOnlyList<string>>? _trainings;
    private readonly Dictionary<string, DateTimeOffset> _progress = new(StringComparer.Ordinal);
    private Task _writing = Task.CompletedTask;
    private TaskCompletionSource _finishing = new();

    /// <summary>The log of a trial.</summary>
    public static string FileOf(string folder, string trial) => Path.Combine(folder, "logs", $"{trial}.log");

    /// <summary>Takes an event; <see cref="Flush"/> writes it.</summary>
    public void Add(SweepState state, SweepEvent sweepEvent)
    {
        if (sweepEvent is { Kind: SweepEventKind.Progress, Training: { } training } && !IsDue(training, sweepEvent.At)) return;
        var fence = sweepEvent.Kind == SweepEventKind.Leased ? string.Create(CultureInfo.InvariantCulture, $", fence {sweepEvent.Fence}") : "";
        var line = string.Create(CultureInfo.InvariantCulture, $"{sweepEvent.At:yyyy-MM-dd'T'HH:mm:ss'Z'} {sweepEvent.Message.ReplaceLineEndings(" ")}{fence}\n");
        foreach (var trial in TrialsOf(state, sweepEvent))
        {
            if (!_unwritten.TryGetValue(trial, out var lines)) _unwritten[trial] = lines = new StringBuilder();
            lines.Append(line);
        }
    }

    /// <summary>Writes what was taken a moment later, with what comes until then. A log that cannot be written costs nothing but itself.</summary>
    public void Flush(string folder)
    {
        if (_unwritten.Count > 0 && _writing.IsCompleted) _writing = WriteAsync(folder);
    }

    /// <summary>On the activation's turns, but for the files themselves.</summary>
    private async Task WriteAsync(string folder)
    {
        while (_unwritten.Count > 0)
        {
            await Task.WhenAny(Task.Delay(_gathering), _finishing.Task);
            var lines = _unwritten.Select(log => (FileOf(folder, log.Key), log.Value.ToString())).ToList();
            _unwritten.Clear();
            try
            {
                await Task.Run(() =>
                {
                    Directory.CreateDirectory(Path.Combine(folder, "logs"));
                    foreach (var (file, text) in lines) File.AppendAllText(file, text);
                });
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                failed(folder, e.Message);
            }
        }
    }

    /// <summary>Writes what was taken at once; ends when it is written.</summary>
    public async Task FinishAsync(string folder)
    {
        Flush(folder);
        _finishing.TrySetResult();
        await _writing;
        _finishing = new TaskCompletionSource();
    }

    private bool IsDue(string training, DateTimeOffset at)
    {
        if (_progress.TryGetValue(training, out var last) && at - last < _pause) return false;
        _progress[training] = at;
        return true;
    }

    /// <summary>The trials that an event is about: itself, those of its training, or those of its pack or evaluation.</summary>
    private IReadOnlyList<string> TrialsOf(SweepState state, SweepEvent sweepEvent)
    {
        if (sweepEvent.Trial is { } trial) return [trial];
        if (sweepEvent.Training is { } training)
        {
            _trainings ??= state.Grid.Trainings.ToDictionary(run => run.Name, run => (IReadOnlyList<string>)[.. run.Trials.Select(t => state.Grid.Trials[t].Name)], StringComparer.Ordinal);
            return _trainings.GetValueOrDefault(training, []);
        }
        if (sweepEvent.Work is not { } work) return [];
        // Work that has ended is no slot's any more: what it held is known from its beginning.
        if (sweepEvent.Fence is { } fence && state.Leases.TryGetValue(fence, out var leased)) _work[work] = NamesOf(state, leased);
        var names = _work.GetValueOrDefault(work, []);
        if (sweepEvent.Kind == SweepEventKind.Ended) _work.Remove(work);
        return names;
    }

    private static IReadOnlyList<string> NamesOf(SweepState state, WorkState work)
        => [.. (work switch
        {
            PackState pack => pack.Members.SelectMany(member => member.Trials).Select(t => t.Trial),
            EvaluationState evaluation => evaluation.Trials,
            _ => [],
        }).Select(trial => state.Grid.Trials[trial].Name)];
}
