using System.IO.MemoryMappedFiles;
using AlpacaCot.Files;

namespace AlpacaCot.Models.Checkpoints;

/// <summary>
/// A file mapped into memory, copy on write: reading costs no copy, and a tensor over it may be written to without the file noticing.
/// It lives until its owner and every tensor made from it have let go.
/// </summary>
internal sealed unsafe class MappedFile : IDisposable
{
    private readonly FileStream? _file;
    private readonly MemoryMappedFile? _map;
    private readonly MemoryMappedViewAccessor? _view;
    private readonly byte* _start;
    private int _references = 1;

    public MappedFile(string path)
    {
        Path = path;
        try
        {
            _file = RegularFile.OpenRead(path, bufferSize: 0, FileOptions.None);
            Length = _file.Length;
            if (Length == 0) return;   // an empty file cannot be mapped
            _map = MemoryMappedFile.CreateFromFile(_file.SafeFileHandle, null, 0, MemoryMappedFileAccess.CopyOnWrite, HandleInheritability.None, leaveOpen: true);
            _view = _map.CreateViewAccessor(0, Length, MemoryMappedFileAccess.CopyOnWrite);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _file?.Dispose();
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

    /// <summary>
    /// Address of a range of the file. The kernel ends a process that reads where a mapped file no longer is, so that it is asked each time whether the file
    /// is still as long; one that is shortened later still ends the process.
    /// </summary>
    /// <exception cref="ModelException">The range does not lie in the file, or the file was shortened since it was opened.</exception>
    public nint Address(long offset, long length)
    {
        if (!ByteRange.IsWithin(offset, length, Length)) throw new ModelException($"{Path}: {length} bytes from byte {offset} on do not lie in the file of {Length} bytes");
        if (_file is not null && RandomAccess.GetLength(_file.SafeFileHandle) is var now && now < Length)
            throw new ModelException($"{Path}: was shortened while it was read, from {Length} to {now} bytes; something else writes to it: begin again once it is whole");
        return (nint)(_start + offset);
    }

    /// <summary>A range of the file.</summary>
    public ReadOnlySpan<byte> Span(long offset, int length)
    {
        if (!ByteRange.IsWithin(offset, length, Length)) throw new ArgumentOutOfRangeException(nameof(offset), $"{length} bytes from byte {offset} on do not lie in the file");
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
        _file?.Dispose();
    }
}
