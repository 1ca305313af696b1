using AlpacaCot.Torch.Interop;

namespace AlpacaCot.Torch;

public static partial class torch
{
    /// <summary>Native memory of tensors on the processor. Memory-mapped weights are not counted: the page cache owns them.</summary>
    public static class memory
    {
        /// <summary>Bytes of tensors that live now.</summary>
        public static long live_bytes => Native.ac_memory(0);

        /// <summary>The most bytes that lived at once since the start or <see cref="reset_peak"/>.</summary>
        public static long peak_bytes => Native.ac_memory(1);

        /// <summary>Bytes held from the system for large tensors, in use or kept for reuse.</summary>
        public static long reserved_bytes => Native.ac_memory(2);

        /// <summary>Bytes of these that no tensor uses now.</summary>
        public static long cached_bytes => Native.ac_memory(3);

        /// <summary>Measures the peak from here on.</summary>
        public static void reset_peak() => Native.ac_memory_reset_peak();

        /// <summary>Refuses allocations beyond so many live bytes with a <see cref="TorchOutOfMemoryException"/>; 0 lifts the limit.</summary>
        public static void set_limit(long bytes) => Native.ac_memory_limit(bytes);

        /// <summary>Keeps at most so many free bytes for reuse (2 GiB unless told otherwise).</summary>
        public static void set_cache_limit(long bytes) => Native.ac_memory_cache_limit(bytes);

        /// <summary>Gives the memory kept for reuse back to the system.</summary>
        public static void empty_cache() => Native.ac_memory_trim(0);
    }
}
