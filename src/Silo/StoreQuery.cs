using System.Text.Json;
using AlpacaCot.Files;
using AlpacaCot.Grains.Sweeps;
using AlpacaCot.Silo.Storage;
using AlpacaCot.Worker.Protocol;
using Microsoft.Data.Sqlite;

namespace AlpacaCot.Silo;

/// <summary>
/// Answers a question about sweeps from the records on disk and ends: <c>--stored-sweeps EXPERIMENT</c>, <c>--stored-status SWEEP</c>. The command line asks so where no silo runs,
/// since that takes a fraction of a silo's start. One JSON document on stdout.
/// </summary>
internal sealed class StoreQuery
{
    private const string Sweeps = "--stored-sweeps", Status = "--stored-status";
    private readonly string _what;
    private readonly string _key;

    private StoreQuery(string what, string key) => (_what, _key) = (what, key);

    /// <summary>The exit code where a silo holds the records: it is the one to ask.</summary>
    public const int Held = 3;

    /// <summary>The question that the arguments ask; null where they start a silo.</summary>
    public static StoreQuery? Of(string[] args) => args is [Sweeps or Status, var key] ? new StoreQuery(args[0], key) : null;

    /// <summary>Answers it.</summary>
    public async Task<int> RunAsync(HomeLayout home)
    {
        try
        {
            using var storage = SqliteStore.OpenReadOnly(Path.Combine(home.State, SqliteSchema.FileName)) is { } store ? new SqliteGrainStorage(store, new StateJson()) : null;
            object answer = _what == Sweeps
                ? storage is null ? Array.Empty<object>() : await new StoredSweeps(storage).ListAsync(_key)
                : storage is null ? new { name = _key, state = "unknown", trials = Array.Empty<object>() } : await new StoredSweeps(storage).StatusAsync(_key);
            Console.WriteLine(JsonSerializer.Serialize(answer, answer.GetType(), Frames.Json));
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
