using System.Runtime.InteropServices;

namespace AlpacaCot.Kernels.Native;

/// <summary>
/// The part of libtorch's stable C ABI (<c>torch/csrc/inductor/aoti_torch/c/shim.h</c>) that is used here. A handle is TorchSharp's
/// <c>Tensor.Handle</c>; results are 0 where all went well, and otherwise libtorch has written why to the log.
/// </summary>
/// <remarks>Only functions that neither take nor give tensor memory may suppress the transition: <see cref="TensorMemory"/> answers those in C#.</remarks>
internal static unsafe partial class Abi
{
    internal const string Library = "torch_cpu";

    [LibraryImport(Library)] internal static partial int aoti_torch_call_dispatcher(byte* op, byte* overload, ulong* stack);
    [LibraryImport(Library), SuppressGCTransition] internal static partial int aoti_torch_new_tensor_handle(nint tensor, nint* result);
    [LibraryImport(Library)] internal static partial int aoti_torch_delete_tensor_object(nint tensor);
    [LibraryImport(Library), SuppressGCTransition] internal static partial int aoti_torch_get_data_ptr(nint tensor, void** result);
    [LibraryImport(Library)] internal static partial int aoti_torch__reinterpret_tensor(nint tensor, long dimensions, long* sizes, long* strides, long offset, nint* result);

    [LibraryImport(Library)]
    internal static partial int aoti_torch_cpu__linear_pointwise(nint x, nint weight, nint* bias, byte* attribute, double** scalars, long count, byte** algorithm, nint* result);

    [LibraryImport(Library), SuppressGCTransition] internal static partial int torch_new_list_reserve_size(nint size, nint* result);
    [LibraryImport(Library), SuppressGCTransition] internal static partial int torch_list_push_back(nint list, ulong value);
    [LibraryImport(Library)] internal static partial int torch_parallel_for(long begin, long end, long grain, delegate* unmanaged<long, long, void*, void> body, void* context);
}
