using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using AlpacaCot.Kernels.Native;

namespace AlpacaCot.Kernels;

/// <summary>Elements of tensors in place, copied out, and over memory that somebody else owns.</summary>
public static unsafe class TensorData
{
    private static readonly ConcurrentDictionary<nint, ConcurrentQueue<Action>> _released = new();

    /// <summary>A copy of the elements in row-major order, converted to <typeparamref name="T"/> (bf16 to float, say) and fetched from its device.</summary>
    public static T[] ToArray<T>(this Tensor tensor) where T : unmanaged
    {
        var result = new T[tensor.numel()];
        if (result.Length == 0) return result;
        using var scope = NewDisposeScope();
        var elements = tensor.detach().to(TypeOf<T>()).cpu().contiguous();
        new ReadOnlySpan<T>(elements.Pointer(), result.Length).CopyTo(result);
        return result;
    }

    /// <summary>
    /// The tensor on a device: itself where it is there. What goes to a GPU is not waited for: of a tensor like these, whose memory is the system's and not
    /// pinned, the elements were read when this returns.
    /// </summary>
    public static Tensor On(this Tensor tensor, Device device) => tensor.to(device, non_blocking: device.type == DeviceType.CUDA);

    /// <summary>As <see cref="On"/>, outside any dispose scope; the given tensor is let go of.</summary>
    internal static Tensor KeptOn(this Tensor tensor, Device device)
    {
        using (tensor) return tensor.On(device).DetachFromDisposeScope();
    }

    /// <summary>The elements in place, without a copy: valid while the tensor lives.</summary>
    /// <exception cref="ArgumentException">It is not contiguous, not on the processor, or holds elements of another width.</exception>
    public static Span<T> Span<T>(this Tensor tensor) where T : unmanaged
    {
        if (tensor.device_type != DeviceType.CPU || !tensor.is_contiguous()) throw new ArgumentException("elements are read in place from a contiguous tensor on the processor", nameof(tensor));
        if (Unsafe.SizeOf<T>() != 1 && Unsafe.SizeOf<T>() != tensor.ElementSize) throw new ArgumentException($"{Unsafe.SizeOf<T>()} bytes an element over {tensor.dtype}", nameof(tensor));
        return new Span<T>(tensor.Pointer(), checked((int)(tensor.numel() * tensor.ElementSize / Unsafe.SizeOf<T>())));
    }

    /// <summary>A tensor over memory that the caller owns, without a copy; <paramref name="release"/> runs when its last view is gone, on any thread.</summary>
    /// <param name="data">Address of the first element, aligned to its size.</param>
    /// <param name="shape">Sizes, row-major.</param>
    /// <param name="type">Element type.</param>
    /// <param name="release">Gives the memory up (unmaps the file); must not throw. Null where the memory outlives every use.</param>
    public static Tensor FromMemory(nint data, long[] shape, ScalarType type, Action? release = null)
    {
        if (release is not null) _released.GetOrAdd(data, static _ => new()).Enqueue(release);
        fixed (long* sizes = shape)
        {
            var handle = Sharp.THSTensor_new((void*)data, &OnReleased, sizes, shape.Length, (sbyte)type, (sbyte)type, 0, -1, false);
            if (handle == 0) CheckForErrors();
            return Tensor.UnsafeCreateTensor(handle);
        }
    }

    /// <summary>The element type that holds a C# type.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static ScalarType TypeOf<T>() where T : unmanaged
        => typeof(T) == typeof(float) ? float32 : typeof(T) == typeof(long) ? int64 : typeof(T) == typeof(int) ? int32 : typeof(T) == typeof(double) ? float64
            : typeof(T) == typeof(bool) ? @bool : typeof(T) == typeof(byte) ? uint8 : typeof(T) == typeof(sbyte) ? int8 : typeof(T) == typeof(short) ? int16
            : throw new ArgumentException($"no element type holds {typeof(T).Name}");

    /// <summary>Bytes of an element.</summary>
    public static int Size(this ScalarType type) => type switch
    {
        ScalarType.Byte or ScalarType.Int8 or ScalarType.Bool => 1,
        ScalarType.Int16 or ScalarType.Float16 or ScalarType.BFloat16 => 2,
        ScalarType.Int32 or ScalarType.Float32 => 4,
        ScalarType.Int64 or ScalarType.Float64 => 8,
        _ => throw new ArgumentException($"element type {type} is not used here", nameof(type)),
    };

    /// <summary>Bytes of its elements.</summary>
    public static long Bytes(this Tensor tensor) => tensor.numel() * tensor.ElementSize;

    /// <summary>Address of the first element on the processor: valid while the tensor lives.</summary>
    public static void* Pointer(this Tensor tensor)
    {
        void* pointer;
        TensorHandles.Check(Abi.aoti_torch_get_data_ptr(tensor.Handle, &pointer), "the address of a tensor");
        return pointer;
    }

    /// <summary>Whether both begin at the same element of the same memory.</summary>
    public static bool SharesMemory(this Tensor tensor, Tensor other) => tensor.Pointer() == other.Pointer();

    /// <summary>Its shape, type and device in words, for messages.</summary>
    public static string Describe(this Tensor tensor) => $"[{string.Join(", ", tensor.shape)}] {tensor.dtype} {tensor.device_type}";

    [UnmanagedCallersOnly]
    private static void OnReleased(nint data)
    {
        if (!_released.TryGetValue(data, out var waiting) || !waiting.TryDequeue(out var release)) return;
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
}
