using SharpCompress.Compressors.Xz;

namespace AlpacaCot.Data.Formats;

/// <summary>The content of an .xz file, all its streams one after another: the library reads one.</summary>
internal sealed class XzStreams(Stream file) : ReadOnlyStream
{
    private readonly byte[] _buffer = new byte[1 << 16];
    private XZStream? _stream;

    public override int Read(Span<byte> buffer)
    {
        while (true)
        {
            if (_stream is null)
            {
                if (!Next()) return 0;
                _stream = new XZStream(new KeptOpen(file));
            }
            var read = _stream.Read(_buffer, 0, Math.Min(buffer.Length, _buffer.Length));
            if (read > 0)
            {
                _buffer.AsSpan(0, read).CopyTo(buffer);
                return read;
            }
            if (_stream.Footer is null) throw new InvalidDataException("the file ends inside a stream");
            _stream = null;
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) file.Dispose();
        base.Dispose(disposing);
    }

    /// <summary>Goes over the zeros that may stand between streams, in fours; false at the end of the file.</summary>
    private bool Next()
    {
        var word = new byte[4];
        while (true)
        {
            var at = file.Position;
            var read = file.ReadAtLeast(word, word.Length, throwOnEndOfStream: false);
            if (read == 0 && at > 0) return false;
            if (read < word.Length) throw new InvalidDataException("the file ends inside a stream");
            if (word.AsSpan().ContainsAnyExcept((byte)0))
            {
                file.Position = at;
                return true;
            }
        }
    }

    /// <summary>The file under a stream that closes what it is given.</summary>
    private sealed class KeptOpen(Stream file) : ReadOnlyStream
    {
        public override bool CanSeek => true;

        public override long Length => file.Length;

        public override long Position { get => file.Position; set => file.Position = value; }

        public override int Read(Span<byte> buffer) => file.Read(buffer);

        public override long Seek(long offset, SeekOrigin origin) => file.Seek(offset, origin);
    }
}
