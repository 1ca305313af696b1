using System.Runtime.InteropServices;

namespace AlpacaCot.Kernels.Native;

/// <summary>
/// Keeps the memory of TorchSharp's scalars for a while after they were let go. <c>tensor * 0.5</c> and even <c>tensor + tensor</c> make a scalar that nothing holds once its address
/// was taken: a collection while libtorch is on its way to reading it ends it, and an allocator would have written over it by then. Here its bytes stay until many thousand others were freed.
/// </summary>
/// <remarks>Where the system has no jump slots to answer (macOS, Windows), TorchSharp frees them as it always does.</remarks>
internal static unsafe class ScalarMemory
{
    private const int Size = 32;         // of c10::Scalar, as the library passes it to the sized delete
    private const int Kept = 1 << 16;    // 3 MB; far more than die in one collection
    private static nint* _ring;
    private static int _next;
    private static delegate* unmanaged<void*, nuint, void> _delete;

    /// <summary>Answers what a loaded <c>libLibTorchSharp</c> gives back.</summary>
    public static void Install(nint sharp)
    {
        if (ImportTable.Of(sharp) is not { } table) return;
        var slot = table.Slot("_ZdlPvm"u8);
        if (slot is null) return;
        _delete = (delegate* unmanaged<void*, nuint, void>)NativeLibrary.GetExport(NativeLibrary.Load("libstdc++.so.6"), "_ZdlPvm");
        _ring = (nint*)NativeMemory.AllocZeroed(Kept, (nuint)sizeof(nint));
        if (!ImportTable.Write(slot, (nint)(delegate* unmanaged<void*, nuint, void>)&Delete)) return;
        // The library's own clean-up runs after this runtime has ended and must not call into it.
        AppDomain.CurrentDomain.ProcessExit += (_, _) => ImportTable.Write(slot, (nint)_delete);
    }

    [UnmanagedCallersOnly]
    private static void Delete(void* data, nuint size)
    {
        if (size != Size)
        {
            _delete(data, size);
            return;
        }
        var place = _ring + (Interlocked.Increment(ref _next) & (Kept - 1));
        var oldest = Interlocked.Exchange(ref *place, (nint)data);
        if (oldest != 0) _delete((void*)oldest, Size);
    }
}
