using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;

namespace AlpacaCot.LocalSilo.Storage.Journal;

/// <summary>The journal's files: recovery at start, and compaction in the background.</summary>
internal sealed partial class Journal
{
    private const string SegmentPrefix = "journal-";
    private const string SnapshotPrefix = "snapshot-";
    private readonly List<JournalFile> _files = [];
    private JournalFile _active = null!;
    private long _sequence;
    private long _live;
    private Task _compaction = Task.CompletedTask;

    // The latest snapshot, then every segment from its number on.
    private void Recover()
    {
        foreach (var unfinished in Directory.EnumerateFiles(_root, "*.tmp")) File.Delete(unfinished);
        var snapshot = Numbered(SnapshotPrefix).LastOrDefault();
        if (snapshot.Path is not null) _files.Add(OpenSnapshot(snapshot.Path, snapshot.Number));
        var segments = Numbered(SegmentPrefix).Where(s => s.Number >= snapshot.Number).ToArray();
        foreach (var (path, number) in segments)
        {
            var file = JournalFile.Open(path, number, mayBeTorn: number == segments[^1].Number, Replay, out var cut);
            if (cut > 0) JournalLog.TailCut(_logger, path, cut);
            _files.Add(file);
        }
        DeleteBefore(snapshot.Number);
        if (segments.Length > 0) _active = _files[^1];
        else StartSegment(Math.Max(snapshot.Number, 1));
    }

    private JournalFile OpenSnapshot(string path, long number)
    {
        long count = 0, expected = -1;
        var file = JournalFile.Open(path, number, mayBeTorn: false, (file, record, at) =>
        {
            if (record.Op == JournalOp.End)
            {
                _sequence = Math.Max(_sequence, record.Version);
                expected = BinaryPrimitives.ReadInt64LittleEndian(file.Read(at + record.BodyOffset, record.BodyLength));
                return;
            }
            count++;
            Replay(file, record, at);
        }, out _);
        return count == expected ? file : throw new OrleansException($"{path} is incomplete: it holds {count} records of {expected}. Restore it from a backup");
    }

    private void Replay(JournalFile file, ParsedRecord record, long at)
    {
        _sequence = Math.Max(_sequence, record.Version);
        Apply(record.Key, record.Op == JournalOp.Put ? new JournalEntry(file, at + record.BodyOffset, record.BodyLength, record.Version, record.Size) : null);
    }

    private IEnumerable<(string Path, long Number)> Numbered(string prefix)
        => Directory.EnumerateFiles(_root, prefix + "*")
            .Select(path => (path, long.TryParse(Path.GetFileNameWithoutExtension(path).AsSpan(prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var n) ? n : 0))
            .Where(file => file.Item2 > 0)
            .OrderBy(file => file.Item2);

    private string PathOf(string prefix, long number) => Path.Combine(_root, string.Create(CultureInfo.InvariantCulture, $"{prefix}{number:D8}.bin"));

    private void StartSegment(long number)
    {
        var segment = JournalFile.Create(PathOf(SegmentPrefix, number), number);
        segment.Flush();
        DirectorySync.Flush(_root);
        lock (_files) _files.Add(segment);
        _active = segment;
    }

    private void CompactIfWorthwhile()
    {
        if (!_compaction.IsCompleted) return;
        long total;
        lock (_files) total = _files.Sum(f => f.Length);
        if (total - _live <= Math.Max(_compactAfter, _live)) return;
        try
        {
            // A segment that is not the last one must end well, whatever a failed write before this left behind its end.
            _active.Flush();
            StartSegment(_active.Number + 1);
        }
        catch (IOException e)
        {
            // Compaction can wait; the journal goes on in the segment that it has.
            JournalLog.CompactionFailed(_logger, _root, e);
            return;
        }
        // All that is live lies before the new segment now.
        var live = _index.ToArray();
        var (number, sequence) = (_active.Number, _sequence);
        _compaction = Task.Factory.StartNew(() => Compact(number, sequence, live), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    private void Compact(long number, long sequence, KeyValuePair<string, JournalEntry>[] live)
    {
        var path = PathOf(SnapshotPrefix, number);
        JournalFile? snapshot = null;
        try
        {
            snapshot = JournalFile.Create(path + ".tmp", number);
            var moved = Copy(live, snapshot, sequence);
            snapshot.Flush();
            File.Move(path + ".tmp", path, overwrite: true);
            DirectorySync.Flush(_root);
            lock (_files) _files.Insert(0, snapshot);
            for (var i = 0; i < live.Length; i++) _index.TryUpdate(live[i].Key, moved[i], live[i].Value);
            DeleteBefore(number, keep: snapshot);
        }
        catch (Exception e)
        {
            JournalLog.CompactionFailed(_logger, _root, e);
            if (snapshot is not null && !_files.Contains(snapshot)) snapshot.Dispose();
        }
    }

    private static JournalEntry[] Copy(KeyValuePair<string, JournalEntry>[] live, JournalFile snapshot, long sequence)
    {
        var moved = new JournalEntry[live.Length];
        var buffer = new ArrayBufferWriter<byte>(1 << 20);
        for (var i = 0; i < live.Length; i++)
        {
            var (key, entry) = live[i];
            var start = buffer.WrittenCount;
            var body = JournalRecord.Append(buffer, JournalOp.Put, entry.Version, key, entry.File.Read(entry.Offset, entry.Length));
            moved[i] = new JournalEntry(snapshot, snapshot.Length + start + body, entry.Length, entry.Version, entry.RecordSize);
            if (buffer.WrittenCount < 1 << 20) continue;
            snapshot.Append(buffer.WrittenSpan);
            buffer.ResetWrittenCount();
        }
        Span<byte> count = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(count, live.Length);
        JournalRecord.Append(buffer, JournalOp.End, sequence, "", count);
        snapshot.Append(buffer.WrittenSpan);
        return moved;
    }

    /// <summary>Deletes the files that a snapshot replaces.</summary>
    private void DeleteBefore(long number, JournalFile? keep = null)
    {
        JournalFile[] old;
        lock (_files)
        {
            old = [.. _files.Where(f => f.Number < number && f != keep)];
            _files.RemoveAll(f => old.Contains(f));
        }
        foreach (var file in old) file.Dispose();
        foreach (var (path, at) in Numbered(SegmentPrefix).Concat(Numbered(SnapshotPrefix)))
            if (at < number) File.Delete(path);
    }
}

internal static partial class JournalLog
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "{File} ended in {Bytes} bytes that a crash left unfinished; they were never acknowledged and are cut")]
    public static partial void TailCut(ILogger logger, string file, long bytes);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The journal in {Root} could not be compacted; it goes on growing")]
    public static partial void CompactionFailed(ILogger logger, string root, Exception exception);
}
