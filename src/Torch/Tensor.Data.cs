using System.Runtime.CompilerServices;
using AlpacaCot.Torch.Interop;

namespace AlpacaCot.Torch;

public sealed partial class Tensor
{
    /// <summary>
    /// A copy of the elements in row-major order, converted to <typeparamref name="T"/> (bf16 to float, say) and fetched from its device.
    /// </summary>
    public unsafe T[] data<T>() where T : unmanaged
    {
        var wanted = ScalarTypes.Of<T>();
        var result = new T[numel()];
        if (result.Length == 0) return result;
        using var scope = torch.NewDisposeScope();
        var t = detach();
        if (t.device.Type != DeviceType.CPU) t = t.cpu();
        if (t.dtype != wanted) t = t.to(wanted);
        t = t.contiguous();
        new ReadOnlySpan<T>(t.data_ptr(), result.Length).CopyTo(result);
        return result;
    }

    /// <summary>The one element, converted to <typeparamref name="T"/>.</summary>
    /// <exception cref="TorchException">There is more than one element.</exception>
    public T item<T>() where T : unmanaged
    {
        if (numel() != 1) throw new TorchException($"item() of a tensor with {numel()} elements");
        return data<T>()[0];
    }

    /// <summary>The elements in place, without a copy: valid while the tensor lives.</summary>
    /// <exception cref="TorchException">It is not contiguous, not on the processor, or holds elements of another width.</exception>
    public unsafe Span<T> span<T>() where T : unmanaged
    {
        if (device.Type != DeviceType.CPU || !is_contiguous()) throw new TorchException("span() needs a contiguous tensor on the processor");
        if (Unsafe.SizeOf<T>() != element_size()) throw new TorchException($"span() of {Unsafe.SizeOf<T>()} bytes per element over {dtype}");
        return new Span<T>(data_ptr(), checked((int)numel()));
    }

    /// <summary>The bytes in place, without a copy, in row-major order.</summary>
    /// <exception cref="TorchException">It is not contiguous or not on the processor.</exception>
    public unsafe Span<byte> bytes()
    {
        if (device.Type != DeviceType.CPU || !is_contiguous()) throw new TorchException("bytes() needs a contiguous tensor on the processor");
        return new Span<byte>(data_ptr(), checked((int)nbytes));
    }

    /// <summary>Address of the first element.</summary>
    public unsafe void* data_ptr() => Native.ac_data_ptr(Handle);

    /// <summary>Copies elements in, converted to this tensor's type.</summary>
    /// <exception cref="TorchException">The number of elements differs.</exception>
    public void set_data<T>(ReadOnlySpan<T> values) where T : unmanaged
    {
        if (values.Length != numel()) throw new TorchException($"{values.Length} values for a tensor of {numel()} elements");
        using var scope = torch.NewDisposeScope();
        using var _ = torch.no_grad();
        copy_(torch.tensor(values, shape));
    }

    /// <summary>Converted to an element type; itself where it has that type.</summary>
    public Tensor to(ScalarType type, bool copy = false) => Op.to_dtype.Run(this, type, false, copy);

    /// <summary>On another device; itself where it is there.</summary>
    public Tensor to(Device device, bool non_blocking = false)
    {
        if (device.Type == DeviceType.CUDA) torch.cuda.Require();
        return Op.to_device.Run(this, device, dtype, non_blocking);
    }

    /// <summary>On another device with another element type.</summary>
    public Tensor to(Device device, ScalarType type)
    {
        if (device.Type == DeviceType.CUDA) torch.cuda.Require();
        return Op.to_device.Run(this, device, type);
    }

    /// <summary>On the processor.</summary>
    public Tensor cpu() => to(Device.CPU);

    /// <summary>As fp32.</summary>
    public Tensor @float() => to(ScalarType.Float32);

    /// <summary>As bf16.</summary>
    public Tensor bfloat16() => to(ScalarType.BFloat16);

    /// <summary>As 64-bit integers.</summary>
    public Tensor @long() => to(ScalarType.Int64);

    /// <summary>A copy of its own memory; the gradient flows through.</summary>
    public Tensor clone() => Op.clone.Run(this);

    /// <summary>Copies another tensor's elements in, broadcast and converted.</summary>
    public void copy_(Tensor source, bool non_blocking = false) => Op.copy_.Do(this, source, non_blocking);

    /// <summary>The same bits read as another element type of a compatible width.</summary>
    public Tensor view(ScalarType type) => Op.view_dtype.Run(this, type);
}
