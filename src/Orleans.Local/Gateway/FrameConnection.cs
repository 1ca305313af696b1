using System.Buffers.Binary;
using System.Net.Sockets;
using System.Threading.Channels;
using AlpacaCot.LocalSilo.Serialization;

namespace AlpacaCot.LocalSilo.Gateway;

/// <summary>One end of a socket: reads frames one after another, and writes those that are queued, many at once.</summary>
internal sealed class FrameConnection(Socket socket, int largest) : IDisposable
{
    private const int BufferSize = 1 << 16;
    private readonly NetworkStream _stream = new(socket, ownsSocket: true);
    private readonly Channel<WireWriter> _outgoing = Channel.CreateUnbounded<WireWriter>(new UnboundedChannelOptions { SingleReader = true });
    private readonly byte[] _buffer = new byte[BufferSize];
    private int _start;
    private int _count;

    /// <summary>Queues a frame and takes it over. False where the connection is closed.</summary>
    public bool TrySend(WireWriter frame)
    {
        if (_outgoing.Writer.TryWrite(frame)) return true;
        frame.Dispose();
        return false;
    }

    /// <summary>Writes queued frames until <see cref="Finish"/>.</summary>
    public async Task WriteAsync()
    {
        var batch = new byte[BufferSize];
        try
        {
            while (await _outgoing.Reader.WaitToReadAsync())
            {
                var filled = 0;
                while (_outgoing.Reader.TryRead(out var frame))
                    using (frame)
                    {
                        if (filled + frame.Length > batch.Length && filled > 0)
                        {
                            await _stream.WriteAsync(batch.AsMemory(0, filled));
                            filled = 0;
                        }
                        if (frame.Length > batch.Length)
                        {
                            await _stream.WriteAsync(frame.WrittenMemory);
                            continue;
                        }
                        frame.Written.CopyTo(batch.AsSpan(filled));
                        filled += frame.Length;
                    }
                if (filled > 0) await _stream.WriteAsync(batch.AsMemory(0, filled));
            }
        }
        finally
        {
            _outgoing.Writer.TryComplete();
            while (_outgoing.Reader.TryRead(out var left)) left.Dispose();
        }
    }

    /// <summary>The next frame: its kind and content; null at the end.</summary>
    /// <exception cref="SerializerException">The frame is too large to be one.</exception>
    public async ValueTask<(FrameKind Kind, ReadOnlyMemory<byte> Content)?> ReadAsync(CancellationToken cancellationToken)
    {
        if (!await FillAsync(Frames.HeaderSize, cancellationToken)) return null;
        var length = BinaryPrimitives.ReadUInt32LittleEndian(_buffer.AsSpan(_start));
        if (length == 0 || length > (uint)largest) throw new SerializerException($"a frame of {length:N0} bytes: the other end speaks something else, or sent more than MaxMessageBodySize");
        Advance(Frames.HeaderSize);
        var frame = new byte[length];
        var at = Math.Min(_count, frame.Length);
        _buffer.AsSpan(_start, at).CopyTo(frame);
        Advance(at);
        while (at < frame.Length)
        {
            var read = await _stream.ReadAsync(frame.AsMemory(at), cancellationToken);
            if (read == 0) return null;
            at += read;
        }
        return ((FrameKind)frame[0], frame.AsMemory(1));
    }

    /// <summary>No more frames are queued; those that are will still be written.</summary>
    public void Finish() => _outgoing.Writer.TryComplete();

    public void Dispose()
    {
        Finish();
        _stream.Dispose();
    }

    private async ValueTask<bool> FillAsync(int wanted, CancellationToken cancellationToken)
    {
        while (_count < wanted)
        {
            if (_start + wanted > _buffer.Length || _start > 0)
            {
                _buffer.AsSpan(_start, _count).CopyTo(_buffer);
                _start = 0;
            }
            var read = await _stream.ReadAsync(_buffer.AsMemory(_count), cancellationToken);
            if (read == 0) return false;
            _count += read;
        }
        return true;
    }

    private void Advance(int count)
    {
        _start += count;
        _count -= count;
        if (_count == 0) _start = 0;
    }
}
