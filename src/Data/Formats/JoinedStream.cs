namespace AlpacaCot.Data.Formats;

/// <summary>Streams one after another, each opened when the one before has ended, with a line break between them.</summary>
internal sealed class JoinedStream(IEnumerable<Stream> parts) : ReadOnlyStream
{
    private readonly IEnumerator<Stream> _parts = parts.GetEnumerator();
    private Stream? _part;

    public override int Read(Span<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            if (_part is null)
            {
                if (!_parts.MoveNext()) return 0;
                _part = _parts.Current;
            }
            var read = _part.Read(buffer);
            if (read > 0) return read;
            _part.Dispose();
            _part = null;
            buffer[0] = (byte)'\n';
            return 1;
        }
        return 0;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _part?.Dispose();
            _parts.Dispose();
        }
        base.Dispose(disposing);
    }
}
