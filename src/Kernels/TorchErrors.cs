using System.Runtime.InteropServices;

namespace AlpacaCot.Kernels;

/// <summary>What libtorch's errors say. TorchSharp throws <see cref="ExternalException"/> with libtorch's text, in which kind and backtrace are but words.</summary>
public static class TorchErrors
{
    // c10's allocator on the processor, CUDA's and its driver's, its libraries', and the C++ library's own.
    private static readonly string[] _memory = ["can't allocate memory", "CUDA out of memory", "CUDA error: out of memory", "not enough memory", "_STATUS_ALLOC_FAILED", "bad_alloc"];

    private static readonly string[] _backtraces = ["\nException raised from", "\nframe #"];

    /// <summary>Whether it tells of memory that was not to be had.</summary>
    public static bool IsOutOfMemory(Exception e)
        => e is OutOfMemoryException || (e is ExternalException && _memory.Any(words => e.Message.Contains(words, StringComparison.Ordinal)));

    /// <summary>libtorch's message without the backtrace behind it.</summary>
    public static string Message(Exception e)
    {
        var end = _backtraces.Select(words => e.Message.IndexOf(words, StringComparison.Ordinal)).Where(at => at >= 0).DefaultIfEmpty(e.Message.Length).Min();
        return e.Message[..end].Trim();
    }
}
