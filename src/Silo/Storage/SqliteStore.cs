using System.Globalization;
using Microsoft.Data.Sqlite;

namespace AlpacaCot.Silo.Storage;

/// <summary>
/// Records in a SQLite file. One thread owns the database: it takes whatever has been asked since its last commit, answers the reads, and commits all the writes
/// together, so that sixteen writers cost one fsync and not sixteen.
/// </summary>
internal sealed class SqliteStore : IDisposable
{
    private readonly string _path;
    private readonly SqliteConnection _database;
    private readonly SqliteCommand _select, _insert, _update, _delete;
    private readonly Thread _thread;
    private readonly object _gate = new();
    private List<Request> _waiting = [];
    private bool _closed;
    private long _version;

    /// <summary>Opens the file, or makes it.</summary>
    /// <exception cref="OrleansConfigurationException">Another process holds it, or it is no store of this platform.</exception>
    public SqliteStore(string path) : this(path, SqliteOpenMode.ReadWriteCreate)
    {
    }

    private SqliteStore(string path, SqliteOpenMode mode)
    {
        _path = path;
        _database = Connection(path, mode);
        try
        {
            _database.Open();
            if (mode == SqliteOpenMode.ReadOnly) SqliteSchema.RequireKnown(_database);
            else SqliteSchema.Prepare(_database);
            using var last = _database.CreateCommand();
            last.CommandText = "SELECT coalesce(max(version), 0) FROM record";
            _version = Convert.ToInt64(last.ExecuteScalar(), CultureInfo.InvariantCulture);
        }
        catch (SqliteException e)
        {
            _database.Dispose();
            throw CannotOpen(path, e);
        }
        catch
        {
            _database.Dispose();
            throw;
        }
        _select = Command("SELECT version, body FROM record WHERE grain = $grain AND name = $name", "$grain", "$name");
        _insert = Command("INSERT OR IGNORE INTO record (grain, name, version, body) VALUES ($grain, $name, $version, $body)", "$grain", "$name", "$version", "$body");
        _update = Command("UPDATE record SET version = $version, body = $body WHERE grain = $grain AND name = $name AND version = $expected", "$version", "$body", "$grain", "$name", "$expected");
        _delete = Command("DELETE FROM record WHERE grain = $grain AND name = $name AND version = $expected", "$grain", "$name", "$expected");
        _thread = new Thread(Run) { IsBackground = true, Name = "grain state" };
        _thread.Start();
    }

    /// <summary>Looks into a file that nobody holds and changes nothing; null where no silo has stored anything yet.</summary>
    /// <exception cref="OrleansConfigurationException">A silo holds it (<see cref="SqliteException"/> is the inner exception), or it is no store of this platform.</exception>
    public static SqliteStore? OpenReadOnly(string path)
    {
        if (!File.Exists(path)) return null;
        using (var probe = Connection(path, SqliteOpenMode.ReadOnly))
            try
            {
                probe.Open();
                // The disk may have been full before the table was made.
                if (!SqliteSchema.IsMade(probe)) return null;
            }
            catch (SqliteException e)
            {
                throw CannotOpen(path, e);
            }
        return new SqliteStore(path, SqliteOpenMode.ReadOnly);
    }

    private static SqliteConnection Connection(string path, SqliteOpenMode mode)
        => new(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false, DefaultTimeout = 1, Mode = mode }.ToString());

    private static OrleansConfigurationException CannotOpen(string path, SqliteException e)
        => new(e.SqliteErrorCode == SqliteSchema.Busy ? $"the state in {path} is in use by another silo: stop it, or use another home" : $"the state in {path} cannot be opened: {e.Message}", e);

    /// <summary>What became of a write: whether it was done, and the version that the record has now (null: there is none).</summary>
    public readonly record struct WriteResult(bool Written, long? Version);

    /// <summary>How many transactions have been committed.</summary>
    public long Commits { get; private set; }

    /// <summary>A record, or null where there is none.</summary>
    public Task<(long Version, byte[] Body)?> ReadAsync(string grain, string name) => Ask(new Read(grain, name), read => read.Done.Task);

    /// <summary>Writes a record if its version is still the expected one (null: there is none yet). Done when it is on disk.</summary>
    public Task<WriteResult> WriteAsync(string grain, string name, long? expected, ReadOnlyMemory<byte> body) => Ask(new Change(grain, name, expected, body.ToArray()), change => change.Done.Task);

    /// <summary>Deletes a record if its version is still the expected one.</summary>
    public Task<WriteResult> DeleteAsync(string grain, string name, long expected) => Ask(new Change(grain, name, expected, null), change => change.Done.Task);

    /// <summary>Finishes what was asked, then closes the file.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_closed) return;
            _closed = true;
            Monitor.Pulse(_gate);
        }
        _thread.Join();
        _database.Dispose();
    }

    private abstract record Request(string Grain, string Name)
    {
        public abstract void Fail(Exception problem);
    }

    private sealed record Read(string Grain, string Name) : Request(Grain, Name)
    {
        public TaskCompletionSource<(long Version, byte[] Body)?> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override void Fail(Exception problem) => Done.TrySetException(problem);
    }

    private sealed record Change(string Grain, string Name, long? Expected, byte[]? Body) : Request(Grain, Name)
    {
        public TaskCompletionSource<WriteResult> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override void Fail(Exception problem) => Done.TrySetException(problem);
    }

    private Task<TResult> Ask<TRequest, TResult>(TRequest request, Func<TRequest, Task<TResult>> done) where TRequest : Request
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_closed, this);
            _waiting.Add(request);
            Monitor.Pulse(_gate);
        }
        return done(request);
    }

    private void Run()
    {
        while (true)
        {
            List<Request> batch;
            lock (_gate)
            {
                while (_waiting.Count == 0 && !_closed) Monitor.Wait(_gate);
                if (_waiting.Count == 0) return;
                (batch, _waiting) = (_waiting, []);
            }
            try
            {
                foreach (var read in batch.OfType<Read>()) read.Done.TrySetResult(Find(read.Grain, read.Name));
                if (batch.OfType<Change>().ToList() is { Count: > 0 } changes) Commit(changes);
            }
            catch (Exception e)
            {
                // Whatever is wrong with one batch must not end the thread that all others rely on. What was not committed is not stored.
                foreach (var request in batch) request.Fail(new OrleansException($"the state in {_path} cannot be read or written: {e.Message}", e));
            }
        }
    }

    private void Commit(List<Change> changes)
    {
        var results = new List<WriteResult>(changes.Count);
        using (var transaction = _database.BeginTransaction())
        {
            foreach (var change in changes)
            {
                var version = ++_version;
                var rows = change switch
                {
                    { Body: null } => Execute(_delete, transaction, change.Grain, change.Name, change.Expected!),
                    { Expected: null } => Execute(_insert, transaction, change.Grain, change.Name, version, change.Body),
                    _ => Execute(_update, transaction, version, change.Body, change.Grain, change.Name, change.Expected),
                };
                results.Add(rows == 1 ? new WriteResult(true, change.Body is null ? null : version) : new WriteResult(false, Find(change.Grain, change.Name, transaction)?.Version));
            }
            transaction.Commit();
        }
        Commits++;
        for (var i = 0; i < changes.Count; i++) changes[i].Done.TrySetResult(results[i]);
    }

    private (long Version, byte[] Body)? Find(string grain, string name, SqliteTransaction? transaction = null)
    {
        Bind(_select, transaction, grain, name);
        using var row = _select.ExecuteReader();
        return row.Read() ? (row.GetInt64(0), row.GetFieldValue<byte[]>(1)) : null;
    }

    private static int Execute(SqliteCommand command, SqliteTransaction transaction, params object[] values)
    {
        Bind(command, transaction, values);
        return command.ExecuteNonQuery();
    }

    private static void Bind(SqliteCommand command, SqliteTransaction? transaction, params object[] values)
    {
        command.Transaction = transaction;
        for (var i = 0; i < values.Length; i++) command.Parameters[i].Value = values[i];
    }

    private SqliteCommand Command(string text, params string[] parameters)
    {
        var command = _database.CreateCommand();
        command.CommandText = text;
        foreach (var name in parameters) command.Parameters.AddWithValue(name, DBNull.Value);
        return command;
    }
}
