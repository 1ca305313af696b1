using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using AlpacaCot.Torch.Interop;

namespace AlpacaCot.Torch;

public static partial class torch
{
    /// <summary>A one-dimensional tensor with a copy of the values.</summary>
    public static Tensor tensor<T>(T[] values) where T : unmanaged => tensor(values.AsSpan(), [values.Length]);

    /// <summary>A tensor with a copy of the values, in row-major order.</summary>
    /// <exception cref="TorchException">The shape does not have as many elements.</exception>
    public static Tensor tensor<T>(T[] values, long[] shape) where T : unmanaged => tensor(values.AsSpan(), shape);

    /// <summary>A tensor with a copy of the values, in row-major order, converted to an element type.</summary>
    public static Tensor tensor<T>(T[] values, long[] shape, ScalarType type) where T : unmanaged
    {
        if (ScalarTypes.Of<T>() == type) return tensor(values.AsSpan(), shape);
        using var plain = tensor(values.AsSpan(), shape);
        return plain.to(type);
    }

    /// <summary>A tensor with a copy of the values, in row-major order.</summary>
    /// <exception cref="TorchException">The shape does not have as many elements.</exception>
    public static unsafe Tensor tensor<T>(ReadOnlySpan<T> values, long[] shape) where T : unmanaged
    {
        var type = ScalarTypes.Of<T>();
        var result = empty(shape, type);
        if (result.numel() != values.Length)
        {
            result.Dispose();
            throw new TorchException($"{values.Length} values do not fill the shape [{string.Join(", ", shape)}]");
        }
        values.CopyTo(new Span<T>(result.data_ptr(), values.Length));
        return result;
    }

    /// <summary>A tensor of no dimensions with one number.</summary>
    public static Tensor scalar_tensor(double value, ScalarType type = ScalarType.Float32) => full([], value, type);

    /// <summary>
    /// A tensor over memory that the caller owns, without a copy; <paramref name="release"/> runs when its last view is gone, on any thread.
    /// </summary>
    /// <param name="data">Address of the first element, aligned to its size.</param>
    /// <param name="shape">Sizes, row-major.</param>
    /// <param name="type">Element type.</param>
    /// <param name="release">Gives the memory up (unmaps the file); must not throw. Null where the memory outlives every use.</param>
    public static unsafe Tensor from_memory(nint data, long[] shape, ScalarType type, Action? release = null)
    {
        var context = release is null ? default : GCHandle.Alloc(release);
        nint handle;
        fixed (long* sizes = shape)
        {
            handle = Native.ac_from_blob((void*)data, sizes, shape.Length, (int)type,
                release is null ? null : &Release, release is null ? 0 : GCHandle.ToIntPtr(context));
        }
        if (handle == 0 && release is not null) context.Free();
        return Tensor.Wrap(Native.Check(handle));
    }

    [UnmanagedCallersOnly]
    private static void Release(nint context)
    {
        var handle = GCHandle.FromIntPtr(context);
        var release = Unsafe.As<Action>(handle.Target!);
        handle.Free();
        try
        {
            release();
        }
        catch (Exception e)
        {
            // There is no caller to tell, and an exception must not cross native frames.
            Console.Error.WriteLine($"releasing the memory of a tensor failed: {e.Message}");
        }
    }

    /// <summary>A tensor whose elements are not written yet.</summary>
    public static Tensor empty(long[] shape, ScalarType type = ScalarType.Float32, Device? device = null) =>
        Op.empty.Run(shape, type, default, Checked(device));

    /// <summary>Zeros.</summary>
    public static Tensor zeros(long[] shape, ScalarType type = ScalarType.Float32, Device? device = null) =>
        Op.zeros.Run(shape, type, default, Checked(device));

    /// <summary>Zeros in fp32.</summary>
    public static Tensor zeros(params long[] shape) => zeros(shape, ScalarType.Float32);

    /// <summary>Ones.</summary>
    public static Tensor ones(long[] shape, ScalarType type = ScalarType.Float32, Device? device = null) =>
        Op.ones.Run(shape, type, default, Checked(device));

    /// <summary>Ones in fp32.</summary>
    public static Tensor ones(params long[] shape) => ones(shape, ScalarType.Float32);

    /// <summary>One number everywhere.</summary>
    public static Tensor full(long[] shape, Scalar value, ScalarType type = ScalarType.Float32, Device? device = null) =>
        Op.full.Run(shape, value, type, default, Checked(device));

    /// <summary>Zeros of the shape, type and device of another tensor.</summary>
    public static Tensor zeros_like(Tensor other, ScalarType? type = null) => Op.zeros_like.Run(other, type);

    /// <summary>Ones of the shape, type and device of another tensor.</summary>
    public static Tensor ones_like(Tensor other, ScalarType? type = null) => Op.ones_like.Run(other, type);

    /// <summary>A tensor of the shape, type and device of another, not written yet.</summary>
    public static Tensor empty_like(Tensor other, ScalarType? type = null) => Op.empty_like.Run(other, type);

    /// <summary>One number everywhere, in the shape, type and device of another tensor.</summary>
    public static Tensor full_like(Tensor other, Scalar value, ScalarType? type = null) => Op.full_like.Run(other, value, type);

    /// <summary>The identity matrix <c>[n, n]</c>.</summary>
    public static Tensor eye(long n, ScalarType type = ScalarType.Float32, Device? device = null) => Op.eye.Run(n, type, default, Checked(device));

    /// <summary>0, 1, … below <paramref name="end"/>.</summary>
    public static Tensor arange(long end, ScalarType type = ScalarType.Int64, Device? device = null) => arange(0, end, 1, type, device);

    /// <summary>From start to below end by step.</summary>
    public static Tensor arange(Scalar start, Scalar end, Scalar step, ScalarType type = ScalarType.Int64, Device? device = null) =>
        Op.arange.Run(start, end, step, type, default, Checked(device));

    /// <summary>So many numbers from start to end, both included.</summary>
    public static Tensor linspace(double start, double end, int steps, ScalarType type = ScalarType.Float32) => Op.linspace.Run(start, end, steps, type);

    /// <summary>Uniform random numbers in [0, 1).</summary>
    public static Tensor rand(long[] shape, Generator? generator = null, ScalarType type = ScalarType.Float32, Device? device = null) =>
        Op.rand.Run(shape, generator, type, default, Checked(device));

    /// <summary>Standard normal random numbers.</summary>
    public static Tensor randn(long[] shape, Generator? generator = null, ScalarType type = ScalarType.Float32, Device? device = null) =>
        Op.randn.Run(shape, generator, type, default, Checked(device));

    /// <summary>Uniform random integers in [low, high).</summary>
    public static Tensor randint(long low, long high, long[] shape, Generator? generator = null, ScalarType type = ScalarType.Int64, Device? device = null) =>
        Op.randint.Run(low, high, shape, generator, type, default, Checked(device));

    /// <summary>The numbers 0 … n-1 in random order.</summary>
    public static Tensor randperm(long n, Generator? generator = null, Device? device = null) =>
        Op.randperm.Run(n, generator, ScalarType.Int64, default, Checked(device));

    private static Value Checked(Device? device)
    {
        if (device is { Type: DeviceType.CUDA }) cuda.Require();
        return device;
    }
}
