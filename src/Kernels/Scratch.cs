using System.Runtime.InteropServices;

namespace AlpacaCot.Kernels;

/// <summary>Working memory of a kernel's part, kept per thread: parts follow each other quickly and want the same again.</summary>
internal unsafe ref struct Scratch
{
    private const int Alignment = 64;

    [ThreadStatic]
    private static byte* _block;

    [ThreadStatic]
    private static nuint _size;

    private byte* _at;

    /// <summary>Makes room for so many floats in so many pieces.</summary>
    internal Scratch(long floats, int pieces)
    {
        var bytes = (nuint)(floats * sizeof(float) + (pieces + 1) * Alignment);
        if (_size < bytes)
        {
            NativeMemory.AlignedFree(_block);
            _block = (byte*)NativeMemory.AlignedAlloc(bytes, Alignment);
            _size = bytes;
        }
        _at = _block;
    }

    /// <summary>The next piece, aligned, not cleared.</summary>
    internal float* Take(long floats)
    {
        var piece = (float*)_at;
        _at += (floats * sizeof(float) + Alignment - 1) / Alignment * Alignment;
        return piece;
    }
}
