using System.Text.Json;
using AlpacaCot.Files;
using AlpacaCot.Grains.Sweeps;
using AlpacaCot.Silo.Storage;
using AlpacaCot.Worker.Protocol;
using Microsoft.Data.Sqlite;

namespace AlpacaCot.Silo;

/// <summary>
/// Answers a question about sweeps from the records on disk and ends: <c>--stored-sweeps EXPERIMENT</c>, <c>--stored-status SWEEP</c>, <c>--stored-sweep SWEEP</c>, <c>--stored-trial SWEEP TRIAL</c>.
/// The command line asks so where no silo runs, since that takes a fraction of a silo's start and starts no work. One JSON document on stdout.
/// </summary>
internal sealed class StoreQuery
{
    private readonly Func<StoredSweeps?, Task<object?>> _ask;

    private StoreQuery(Func<StoredSweeps?, Task<object?>> ask) => _ask = ask;

    /// <summary>The exit code where a silo holds the records: it is the one to ask.</summary>
    public const int Held = 3;

    /// <summary>The question that the arguments ask; null where they start a silo.</summary>
    public static StoreQuery? Of(string[] args) => args switch
    {
        ["--stored-sweeps", var experiment] => new StoreQuery(async stored => stored is null ? Array.Empty<object>() : await stored.ListAsync(experiment)),
        ["--stored-status", var sweep] => new StoreQuery(async stored => stored is null ? new { name = sweep, state = "unknown", trials = Array.Empty<object>() } : await stored.StatusAsync(sweep)),
        ["--stored-sweep", var sweep] => new StoreQuery(async stored => stored is null ? null : await stored.ShowAsync(sweep)),
        ["--stored-trial", var sweep, var trial] => new StoreQuery(async stored => stored is null ? null : await stored.ShowTrialAsync(sweep, trial)),
        _ => null,
    };

    /// <summary>Answers it.</summary>
    public async Task<int> RunAsync(HomeLayout home)
    {
        try
        {
            using var storage = SqliteStore.OpenReadOnly(Path.Combine(home.State, SqliteSchema.FileName)) is { } store ? new SqliteGrainStorage(store, new StateJson()) : null;
            var answer = await _ask(storage is null ? null : new StoredSweeps(storage));
            Console.WriteLine(JsonSerializer.Serialize(answer, answer?.GetType() ?? typeof(object), Frames.Json));
            return 0;
        }
        catch (OrleansConfigurationException e) when (e.InnerException is SqliteException { SqliteErrorCode: SqliteSchema.Busy })
        {
            return Held;
        }
        catch (Exception e) when (e is OrleansException or OrleansConfigurationException or AlpacaCot.Specs.SweepException)
        {
            Console.Error.WriteLine($"error: {e.Message}");
            return 2;
        }
    }
}
