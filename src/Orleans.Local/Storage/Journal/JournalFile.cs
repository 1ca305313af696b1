using Microsoft.Win32.SafeHandles;

namespace AlpacaCot.LocalSilo.Storage.Journal;

/// <summary>One file of the journal: a segment that is appended to, or a snapshot.</summary>
internal sealed class JournalFile : IDisposable
{
    private static ReadOnlySpan<byte> Magic => "ALCOJRN1"u8;

    private JournalFile(string path, long number, SafeFileHandle handle, long length)
    {
        Path = path;
        Number = number;
        Handle = handle;
        Length = length;
    }

    public string Path { get; }

    public long Number { get; }

    public SafeFileHandle Handle { get; }

    /// <summary>The bytes that count; what lies behind them is cut.</summary>
    public long Length { get; private set; }

    public static JournalFile Create(string path, long number)
    {
        var handle = File.OpenHandle(path, FileMode.Create, FileAccess.ReadWrite, FileShare.Read);
        try
        {
            RandomAccess.Write(handle, Magic, 0);
            return new JournalFile(path, number, handle, Magic.Length);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>Opens a file and gives each of its records to a visitor, with its place.</summary>
    /// <param name="path">The file.</param>
    /// <param name="number">Its number.</param>
    /// <param name="mayBeTorn">Whether a bad end is what a crash left, and is cut; otherwise it is damage.</param>
    /// <param name="visit">Called with the file, the record and its offset.</param>
    /// <param name="cut">The bytes that were cut.</param>
    /// <exception cref="OrleansException">The file is damaged.</exception>
    public static JournalFile Open(string path, long number, bool mayBeTorn, Action<JournalFile, ParsedRecord, long> visit, out long cut)
    {
        var handle = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.Read);
        try
        {
            var bytes = new FileBytes(handle);
            var file = new JournalFile(path, number, handle, Magic.Length);
            if (!bytes.Window(0, Magic.Length).SequenceEqual(Magic))
            {
                // A crash right after the file was made leaves less than its first bytes.
                if (!mayBeTorn || bytes.Length >= Magic.Length) throw Damaged(path, 0);
                RandomAccess.Write(handle, Magic, 0);
                cut = 0;
                return file;
            }
            var at = (long)Magic.Length;
            while (bytes.RecordAt(at) is { } record)
            {
                visit(file, record, at);
                at += record.Size;
            }
            cut = bytes.Length - at;
            if (cut > 0 && !mayBeTorn) throw Damaged(path, at);
            file.Length = at;
            if (cut > 0) RandomAccess.SetLength(handle, at);
            return file;
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>Writes behind the end; on failure the file is cut back to what it was.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        try
        {
            RandomAccess.Write(Handle, bytes, Length);
            Length += bytes.Length;
        }
        catch
        {
            RandomAccess.SetLength(Handle, Length);
            throw;
        }
    }

    public void Flush() => RandomAccess.FlushToDisk(Handle);

    public byte[] Read(long offset, int length)
    {
        var bytes = new byte[length];
        for (var at = 0; at < length;)
        {
            var read = RandomAccess.Read(Handle, bytes.AsSpan(at), offset + at);
            if (read == 0) throw Damaged(Path, offset);
            at += read;
        }
        return bytes;
    }

    public void Dispose() => Handle.Dispose();

    private static OrleansException Damaged(string path, long at) => new($"{path} is damaged at byte {at}: restore it from a backup, or move it away to start without what it holds");

    /// <summary>A file through a sliding window.</summary>
    private sealed class FileBytes(SafeFileHandle handle)
    {
        private byte[] _window = new byte[1 << 20];
        private long _start;
        private int _count;

        public long Length { get; } = RandomAccess.GetLength(handle);

        public ParsedRecord? RecordAt(long at)
        {
            var head = Window(at, JournalRecord.Overhead);
            if (head.Length < JournalRecord.Overhead) return null;
            var length = System.Buffers.Binary.BinaryPrimitives.ReadInt32LittleEndian(head);
            if (length < 0 || length > JournalRecord.MaxLength || at + 8 + length > Length) return null;
            return JournalRecord.TryParse(Window(at, length + 8));
        }

        /// <summary>Bytes from a place; fewer at the end of the file.</summary>
        public ReadOnlySpan<byte> Window(long at, int count)
        {
            if (at < _start || at + count > _start + _count)
            {
                if (_window.Length < count) _window = new byte[count];
                _start = at;
                _count = 0;
                while (_count < _window.Length && RandomAccess.Read(handle, _window.AsSpan(_count), _start + _count) is var read and > 0) _count += read;
            }
            var from = (int)(at - _start);
            return _window.AsSpan(from, Math.Min(count, _count - from));
        }
    }
}
