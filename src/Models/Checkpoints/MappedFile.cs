using System.IO.MemoryMappedFiles;
using AlpacaCot.Files;

namespace AlpacaCot.Models.Checkpoints;

/// <summary>
/// A file mapped into memory, copy on write: reading costs no copy, and a tensor over it may be written to without the file noticing.
/// It lives until its owner and every tensor made from it have let go.
/// </summary>
internal sealed unsafe class MappedFile : IDisposable
{
    private readonly MemoryMappedFile? _map;
    private readonly MemoryMappedViewAccessor? _view;
    private readonly byte* _start;
    private int _references = 1;

    public MappedFile(string path)
    {
        Path = path;
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            Length = stream.Length;
            if (Length == 0) return;   // an empty file cannot be mapped
            _map = MemoryMappedFile.CreateFromFile(stream.SafeFileHandle, null, 0, MemoryMappedFileAccess.CopyOnWrite, HandleInheritability.None, leaveOpen: true);
            _view = _map.CreateViewAccessor(0, Length, MemoryMappedFileAccess.CopyOnWrite);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ModelException($"{path}: cannot be read: {e.Message}", e);
        }
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _start);
        try
        {
            GitLfs.Refuse(path, Span(0, (int)Math.Min(Length, 1024)), Length);
        }
        catch (InvalidDataException e)
        {
            Dispose();
            throw new ModelException(e.Message, e);
        }
    }

    public string Path { get; }

    public long Length { get; }

    /// <summary>Address of a byte of the file.</summary>
    public nint Address(long offset) => (nint)(_start + offset);

    /// <summary>A range of the file.</summary>
    public ReadOnlySpan<byte> Span(long offset, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        // Not offset + length: offsets of damaged files may be as large as a number can be, and the sum would pass as negative.
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, Length - length);
        return new ReadOnlySpan<byte>(_start + offset, length);
    }

    /// <summary>Adds a reference; pair it with <see cref="Dispose"/>.</summary>
    public MappedFile Share()
    {
        Interlocked.Increment(ref _references);
        return this;
    }

    public void Dispose()
    {
        if (Interlocked.Decrement(ref _references) != 0) return;
        _view?.SafeMemoryMappedViewHandle.ReleasePointer();
        _view?.Dispose();
        _map?.Dispose();
    }
}
