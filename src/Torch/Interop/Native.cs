using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace AlpacaCot.Torch.Interop;

/// <summary>The functions of the shim (native/*.cpp). Every one of them catches what libtorch throws.</summary>
internal static unsafe partial class Native
{
    private const string Library = "alpacacot_torch";

    static Native() => NativeLibrary.SetDllImportResolver(typeof(Native).Assembly, Resolve);

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path)
    {
        if (name != Library) return 0;
        var file = Path.Combine(AppContext.BaseDirectory, "libalpacacot_torch.so");
        if (!File.Exists(file)) file = Path.Combine(Path.GetDirectoryName(assembly.Location) ?? ".", "libalpacacot_torch.so");
        if (!File.Exists(file)) throw new TorchException($"{file} is missing: build the project again (./alpacacot does it)");
        try
        {
            return NativeLibrary.Load(file);
        }
        catch (DllNotFoundException e)
        {
            throw new TorchException($"{file} does not load ({e.Message.Split('\n')[0]}): install libtorch-dev and libopenblas0-openmp, or build again with LIBTORCH set", e);
        }
    }

    [LibraryImport(Library)] internal static partial byte* ac_version();
    [LibraryImport(Library)] internal static partial byte* ac_error(int* kind);
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)] internal static partial nint ac_find(string name, string overload);
    [LibraryImport(Library)] internal static partial int ac_schema(nint op, byte* buffer, int size);
    [LibraryImport(Library)] internal static partial int ac_call(nint op, Slot* args, int n, Slot* results, int max);
    [LibraryImport(Library)] internal static partial void ac_free_list(nint* handles);

    [LibraryImport(Library)] internal static partial void ac_free(nint tensor);
    [LibraryImport(Library)] internal static partial nint ac_clone_ref(nint tensor);
    [LibraryImport(Library), SuppressGCTransition] internal static partial long ac_dim(nint tensor);
    [LibraryImport(Library), SuppressGCTransition] internal static partial long ac_numel(nint tensor);
    [LibraryImport(Library), SuppressGCTransition] internal static partial long ac_size(nint tensor, long i);
    [LibraryImport(Library), SuppressGCTransition] internal static partial long ac_stride(nint tensor, long i);
    [LibraryImport(Library), SuppressGCTransition] internal static partial int ac_dtype(nint tensor);
    [LibraryImport(Library), SuppressGCTransition] internal static partial int ac_device_type(nint tensor);
    [LibraryImport(Library), SuppressGCTransition] internal static partial int ac_device_index(nint tensor);
    [LibraryImport(Library), SuppressGCTransition] internal static partial int ac_is_contiguous(nint tensor);
    [LibraryImport(Library), SuppressGCTransition] internal static partial int ac_requires_grad(nint tensor);
    [LibraryImport(Library), SuppressGCTransition] internal static partial int ac_is_leaf(nint tensor);
    [LibraryImport(Library), SuppressGCTransition] internal static partial int ac_same(nint a, nint b);
    [LibraryImport(Library)] internal static partial void* ac_data_ptr(nint tensor);
    [LibraryImport(Library)]
    internal static partial nint ac_from_blob(void* data, long* sizes, int dim, int dtype, delegate* unmanaged<nint, void> release, nint context);

    [LibraryImport(Library), SuppressGCTransition] internal static partial int ac_grad_mode(int enabled);
    [LibraryImport(Library)] internal static partial nint ac_inference_enter();
    [LibraryImport(Library)] internal static partial void ac_inference_leave(nint guard);

    [LibraryImport(Library)] internal static partial nint ac_generator_new(int type, int index, ulong seed);
    [LibraryImport(Library)] internal static partial void ac_generator_free(nint generator);
    [LibraryImport(Library)] internal static partial int ac_generator_seed(nint generator, ulong seed);
    [LibraryImport(Library)] internal static partial nint ac_generator_state(nint generator);
    [LibraryImport(Library)] internal static partial int ac_generator_set_state(nint generator, nint state);
    [LibraryImport(Library)] internal static partial int ac_default_seed(ulong seed);

    [LibraryImport(Library)] internal static partial int ac_set_threads(int n);
    [LibraryImport(Library)] internal static partial int ac_threads();
    [LibraryImport(Library)] internal static partial int ac_set_interop_threads(int n);
    [LibraryImport(Library)] internal static partial int ac_parallel(int n, delegate* unmanaged<nint, int, void> body, nint context);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)] internal static partial int ac_open(string name);
    [LibraryImport(Library)] internal static partial int ac_device_count(int type);
    [LibraryImport(Library)] internal static partial int ac_synchronize(int type, int index);
    [LibraryImport(Library)] internal static partial int ac_allow_tf32(int allow);

    [LibraryImport(Library)] internal static partial int ac_set_requires_grad(nint tensor, int value);
    [LibraryImport(Library)] internal static partial nint ac_grad(nint tensor);
    [LibraryImport(Library)] internal static partial int ac_set_grad(nint tensor, nint grad);
    [LibraryImport(Library)] internal static partial int ac_backward(nint* roots, nint* grads, int n, int retain, int create);
    [LibraryImport(Library)]
    internal static partial int ac_autograd_grad(nint* outputs, nint* grads, int n, nint* inputs, int m, int retain, int create, int allowUnused, nint* results);
    [LibraryImport(Library)]
    internal static partial int ac_custom_node(nint* inputs, int n, nint* outputs, int m,
        delegate* unmanaged<nint, nint*, int, nint*, int, int> backward, delegate* unmanaged<nint, void> release, nint state);

    [LibraryImport(Library)] internal static partial int ac_packs();
    [LibraryImport(Library)] internal static partial nint ac_pack(nint weight, int transposed);
    [LibraryImport(Library)] internal static partial nint ac_packed_product(nint x, nint packed, long n, nint bias, int fp32);

    [LibraryImport(Library), SuppressGCTransition] internal static partial long ac_memory(int what);
    [LibraryImport(Library)] internal static partial void ac_memory_reset_peak();
    [LibraryImport(Library)] internal static partial void ac_memory_limit(long bytes);
    [LibraryImport(Library)] internal static partial void ac_memory_trim(long keep);
    [LibraryImport(Library)] internal static partial void ac_memory_cache_limit(long bytes);

    /// <summary>Throws this thread's last native error where a function says that it failed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int Check(int result)
    {
        if (result < 0) Throw();
        return result;
    }

    /// <summary>Throws where a function that must give a handle gave none.</summary>
    internal static nint Check(nint handle)
    {
        if (handle == 0) Throw();
        return handle;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Throw()
    {
        int kind;
        var text = Marshal.PtrToStringUTF8((nint)ac_error(&kind)) ?? "unknown error";
        var end = text.IndexOf("\nException raised from", StringComparison.Ordinal);
        if (end > 0) text = text[..end];
        text = text.TrimEnd();
        throw kind == 2 ? new TorchOutOfMemoryException(text) : new TorchException(text);
    }
}
