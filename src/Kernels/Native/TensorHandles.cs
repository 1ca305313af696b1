namespace AlpacaCot.Kernels.Native;

/// <summary>Handles of tensors, as the C ABI takes them.</summary>
internal static unsafe class TensorHandles
{
    /// <summary>A second handle on the same native tensor.</summary>
    public static nint Clone(Tensor tensor)
    {
        nint result;
        Check(Abi.aoti_torch_new_tensor_handle(tensor.Handle, &result), "a handle");
        return result;
    }

    /// <summary>A second tensor object on the same native tensor, outside any scope: what a cache or a graph keeps.</summary>
    public static Tensor Share(this Tensor tensor) => Tensor.UnsafeCreateTensor(Clone(tensor)).DetachFromDisposeScope();

    /// <summary>Throws where a function of the C ABI failed.</summary>
    public static void Check(int result, string what)
    {
        if (result == 0) return;
        if (TensorMemory.TakeRefused() is > 0 and var bytes)
            throw new OutOfMemoryException($"no memory for {what}: {bytes:N0} bytes asked for, {TensorMemory.LiveBytes:N0} in use, {TensorMemory.Limit:N0} allowed");
        throw new InvalidOperationException($"libtorch refused {what}; its own message is in the log");
    }
}
