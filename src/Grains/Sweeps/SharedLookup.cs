using System.Text.Json;
using AlpacaCot.Experiments.Scheduling;
using AlpacaCot.Files;
using AlpacaCot.Supervision;
using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Grains.Sweeps;

/// <summary>Finds what other sweeps of the home have computed with equal keys.</summary>
internal sealed class SharedLookup(string sweep, HomeLayout home, TimeProvider time)
{
    /// <summary>Another sweep may be computing the same at the same time; what it shares is found this soon, without reading folders in every tick.</summary>
    private static readonly TimeSpan _again = TimeSpan.FromSeconds(5);

    /// <summary>A sweep does not wait longer for its cache: a folder on a network that hangs is read to its end beside the sweep, and what is found there comes late.</summary>
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(10);

    private long? _looked;
    private Task<List<SweepInput>>? _reading;

    /// <summary>What of a sweep's missing work is there already, adapters first; nothing where it was looked for a moment ago. It reads off the activation's turns.</summary>
    public async Task<IReadOnlyList<SweepInput>> FindAsync(SweepState state)
    {
        if (_reading is null)
        {
            if (_looked is { } before && time.GetElapsedTime(before) < _again) return [];
            var (trainings, results) = (state.SharedTrainings().ToList(), state.SharedResults().ToList());
            if (trainings.Count + results.Count == 0) return [];
            _reading = Task.Run(() => Find(trainings, results));
            await Task.WhenAny(_reading, Task.Delay(_patience));
        }
        if (!_reading.IsCompleted) return [];
        _looked = time.GetTimestamp();
        var read = _reading;
        _reading = null;
        return await read;
    }

    private List<SweepInput> Find(List<(int Training, string Key)> trainings, List<(int Trial, string Evaluation, string Key)> results)
    {
        var folders = home.WorkerFolders;
        var (adapters, answers) = (NamesIn(SharedWork.Adapters(folders)), NamesIn(SharedWork.Results(folders)));
        var found = new List<SweepInput>();
        foreach (var (training, key) in trainings)
            if (adapters.Contains(key) && SharedWork.Adapter(folders, key) is var folder && Read<SharedAdapter>(folder) is { } shared)
                found.Add(new AdapterFromCache(training, new TrainedAdapter(folder, shared.Sha256, (int)shared.Steps, shared.FinalLoss, shared.Seconds, shared.Tokens) { From = Other(shared.Sweep) }));
        foreach (var (trial, evaluation, key) in results)
            if (answers.Contains(key) && SharedWork.Result(folders, key) is var folder && Read<SharedResult>(folder) is { } shared)
                found.Add(new ResultFromCache(
                    trial,
                    new EvaluationResult(evaluation, shared.Metrics, shared.Items, shared.Seconds, shared.ResultFile is { } file ? Path.Combine(folder, file) : null, PromptsCut: shared.PromptsCut) { From = Other(shared.Sweep) }));
        return found;
    }

    /// <summary>What this sweep shared itself, before its silo was lost, was not taken over.</summary>
    private string? Other(string from) => from == sweep ? null : from;

    private static HashSet<string> NamesIn(string folder)
        => Directory.Exists(folder) ? Directory.EnumerateDirectories(folder).Select(path => Path.GetFileName(path)).ToHashSet(StringComparer.Ordinal) : [];

    private static T? Read<T>(string folder) where T : class
    {
        try
        {
            return JsonSerializer.Deserialize<T>(File.ReadAllBytes(Path.Combine(folder, SharedWork.Description)), Frames.Json);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            // A folder that cannot be read is as good as none: it is computed and shared anew.
            return null;
        }
    }
}
