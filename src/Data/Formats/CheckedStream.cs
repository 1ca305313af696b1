namespace AlpacaCot.Data.Formats;

/// <summary>A decompressed content whose damage becomes one line: libraries tell it by exceptions of many types, some of them when they are opened.</summary>
internal sealed class CheckedStream(Func<Stream> open, string path, CompressionForm form, Stream? file = null) : ReadOnlyStream
{
    private Stream? _content;
    private readonly byte[] _buffer = new byte[1 << 16];

    public override int Read(Span<byte> buffer)
    {
        if (buffer.IsEmpty) return 0;
        try
        {
            // Some of the libraries implement the array form alone well.
            _content ??= open();
            var read = _content.Read(_buffer, 0, Math.Min(buffer.Length, _buffer.Length));
            _buffer.AsSpan(0, read).CopyTo(buffer);
            return read;
        }
        catch (Exception e) when (e is not (DatasetException or OutOfMemoryException or OperationCanceledException))
        {
            throw new DatasetException($"{path}: is damaged or cut off ({form} compression: {e.Message.Split('\n')[0].TrimEnd()}); fetch it again", e);
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _content?.Dispose();
            file?.Dispose();
        }
        base.Dispose(disposing);
    }
}
