using System.Buffers;
using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.InteropServices;
using AlpacaCot.LocalSilo.Hosting;
using Orleans.Storage;

namespace AlpacaCot.LocalSilo.Storage.Journal;

/// <summary>What a write expects of the record that it replaces.</summary>
internal enum Expect
{
    Anything,
    Absent,
    Version,
}

/// <summary>A record that is to be written (or with no body cleared).</summary>
internal sealed record JournalWrite(string Key, Expect Expect, long Version, byte[]? Body)
{
    public TaskCompletionSource<long> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}

/// <summary>Where a record's body lies.</summary>
internal sealed record JournalEntry(JournalFile File, long Offset, int Length, long Version, int RecordSize);

/// <summary>
/// Records by key, in one folder: an append-only log in numbered segments and snapshots of it. All writes that wait while the disk is busy are
/// written together and made durable by one flush. A crash loses nothing that was acknowledged: what it tore is found by checksum and cut.
/// One process at a time holds the folder's lock.
/// </summary>
internal sealed partial class Journal : IDisposable
{
    private const int FileSizeSignal = 25;
    private readonly string _root;
    private readonly PosixSignalRegistration? _fileTooLarge;
    private readonly long _compactAfter;
    private readonly ILogger _logger;
    private readonly FileStream _lock;
    private readonly ConcurrentDictionary<string, JournalEntry> _index = new(StringComparer.Ordinal);
    private readonly object _gate = new();
    private readonly Thread _committer;
    private List<JournalWrite> _pending = [];
    private bool _closed;
    private Exception? _broken;

    public Journal(string root, long compactAfter, ILogger logger)
    {
        _root = root;
        // Without this a file-size limit ends the process instead of failing the write.
        if (OperatingSystem.IsLinux()) _fileTooLarge = PosixSignalRegistration.Create((PosixSignal)FileSizeSignal, static context => context.Cancel = true);
        _compactAfter = compactAfter;
        _logger = logger;
        Directory.CreateDirectory(root);
        _lock = FileLock.Take(Path.Combine(root, "lock"), holder => $"the state in {root} is in use by {holder}: stop it, or use another folder");
        try
        {
            Recover();
        }
        catch
        {
            _fileTooLarge?.Dispose();
            _lock.Dispose();
            throw;
        }
        _committer = new Thread(CommitLoop) { IsBackground = true, Name = "journal" };
        _committer.Start();
    }

    /// <summary>Flushes of the disk so far; writes share them.</summary>
    public long Flushes { get; private set; }

    /// <summary>The keys that begin with a prefix.</summary>
    public IEnumerable<string> Keys(string prefix) => _index.Keys.Where(k => k.StartsWith(prefix, StringComparison.Ordinal));

    /// <summary>A record's body and version, or null.</summary>
    public (byte[] Body, long Version)? Read(string key)
    {
        while (_index.TryGetValue(key, out var entry))
            try
            {
                return (entry.File.Read(entry.Offset, entry.Length), entry.Version);
            }
            catch (ObjectDisposedException) when (!_closed && _index.GetValueOrDefault(key) != entry)
            {
                // A compaction moved the record between the look-up and the read.
            }
        return null;
    }

    /// <summary>Writes a record; completes with its version once it is durable.</summary>
    /// <exception cref="InconsistentStateException">The stored version is not the expected one.</exception>
    public Task<long> WriteAsync(JournalWrite write)
    {
        if (write.Body is { Length: > JournalRecord.MaxLength / 4 }) throw new OrleansException($"the record {write.Key} has {write.Body.Length:N0} bytes: records that large belong into files");
        lock (_gate)
        {
            if (_closed) throw new OrleansException($"the journal in {_root} is closed");
            _pending.Add(write);
            Monitor.Pulse(_gate);
        }
        return write.Done.Task;
    }

    public void Dispose()
    {
        lock (_gate)
        {
            if (_closed) return;
            _closed = true;
            Monitor.Pulse(_gate);
        }
        _committer.Join();
        _compaction.Wait();
        foreach (var file in _files) file.Dispose();
        _fileTooLarge?.Dispose();
        _lock.Dispose();
    }

    private void CommitLoop()
    {
        var buffer = new ArrayBufferWriter<byte>(1 << 16);
        while (true)
        {
            List<JournalWrite> batch;
            lock (_gate)
            {
                while (_pending.Count == 0 && !_closed) Monitor.Wait(_gate);
                if (_pending.Count == 0) return;
                batch = _pending;
                _pending = new List<JournalWrite>(batch.Count);
            }
            try
            {
                Commit(batch, buffer);
            }
            catch (Exception e)
            {
                // Whatever is wrong with one batch must not end the thread that all others rely on.
                foreach (var write in batch) write.Done.TrySetException(new OrleansException($"cannot write to the journal in {_root}: {e.Message}", e));
            }
            if (buffer.Capacity > 1 << 24) buffer = new ArrayBufferWriter<byte>(1 << 16);
        }
    }

    private void Commit(List<JournalWrite> batch, ArrayBufferWriter<byte> buffer)
    {
        buffer.ResetWrittenCount();
        var accepted = new List<(JournalWrite Write, JournalEntry? Entry, long Version)>(batch.Count);
        // Versions as they will be once this batch is written; the index learns of them only when they are durable.
        Dictionary<string, long>? ahead = null;
        var sequence = _sequence;
        foreach (var write in batch)
        {
            var stored = ahead is not null && ahead.TryGetValue(write.Key, out var soon) ? soon : _index.TryGetValue(write.Key, out var known) ? known.Version : 0;
            if (write.Expect != Expect.Anything && stored != (write.Expect == Expect.Absent ? 0 : write.Version))
            {
                write.Done.TrySetException(Conflict(write, stored));
                continue;
            }
            var version = ++sequence;
            var start = buffer.WrittenCount;
            var body = JournalRecord.Append(buffer, write.Body is null ? JournalOp.Clear : JournalOp.Put, version, write.Key, write.Body);
            var entry = write.Body is null ? null : new JournalEntry(_active, _active.Length + start + body, write.Body.Length, version, buffer.WrittenCount - start);
            accepted.Add((write, entry, version));
            if (batch.Count > 1) (ahead ??= new(StringComparer.Ordinal))[write.Key] = write.Body is null ? 0 : version;
        }
        if (accepted.Count == 0) return;
        if (!TryWrite(buffer.WrittenSpan, out var failure))
        {
            foreach (var (write, _, _) in accepted) write.Done.TrySetException(new OrleansException(failure.Message, failure));
            return;
        }
        _sequence = sequence;
        foreach (var (write, entry, _) in accepted) Apply(write.Key, entry);
        foreach (var (write, _, version) in accepted) write.Done.TrySetResult(version);
        CompactIfWorthwhile();
    }

    private bool TryWrite(ReadOnlySpan<byte> bytes, [System.Diagnostics.CodeAnalysis.NotNullWhen(false)] out Exception? failure)
    {
        failure = _broken;
        if (failure is not null) return false;
        try
        {
            _active.Append(bytes);
        }
        catch (Exception e)
        {
            // A full disk is an IOException, a file-size limit is not.
            failure = new IOException($"cannot write {_active.Path}: {e.Message}. Free some space and try again; nothing was stored", e);
            return false;
        }
        try
        {
            _active.Flush();
            Flushes++;
            return true;
        }
        catch (IOException e)
        {
            // What a failed flush left on the disk is unknown, and a second one may claim success: only a restart can tell.
            _broken = failure = new IOException($"cannot flush {_active.Path}: {e.Message}. The silo must be restarted to go on writing", e);
            return false;
        }
    }

    private void Apply(string key, JournalEntry? entry)
    {
        if (_index.TryGetValue(key, out var old)) _live -= old.RecordSize;
        if (entry is null)
        {
            _index.TryRemove(key, out _);
            return;
        }
        _index[key] = entry;
        _live += entry.RecordSize;
    }

    private static InconsistentStateException Conflict(JournalWrite write, long stored)
        => new($"the record {write.Key} was written by someone else", Text(stored), write.Expect == Expect.Absent ? null : Text(write.Version));

    private static string? Text(long version) => version == 0 ? null : version.ToString(CultureInfo.InvariantCulture);
}
