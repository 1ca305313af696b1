using System.Runtime.CompilerServices;
using AlpacaCot.Torch.Interop;

namespace AlpacaCot.Torch;

/// <summary>
/// A tensor of libtorch. What operators return belongs to the innermost <see cref="DisposeScope"/> of the thread, if there is one;
/// else it is freed by <see cref="Dispose"/> or, at the collector's leisure, by its finalizer. Methods carry PyTorch's names.
/// </summary>
public sealed partial class Tensor : IDisposable
{
    private nint _handle;

    private Tensor(nint handle) => _handle = handle;

    /// <summary>Frees the native reference that nobody freed in time.</summary>
    ~Tensor()
    {
        if (_handle != 0) Native.ac_free(_handle);
    }

    internal DisposeScope? Scope { get; set; }

    internal int Index { get; set; }

    internal nint Handle
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _handle != 0 ? _handle : throw new ObjectDisposedException(nameof(Tensor), "the tensor was freed: its dispose scope has ended");
    }

    /// <summary>Whether its memory was given up.</summary>
    public bool IsDisposed => _handle == 0;

    /// <summary>Number of dimensions.</summary>
    public int dim() => (int)Native.ac_dim(Handle);

    /// <summary>Number of dimensions.</summary>
    public int ndim => dim();

    /// <summary>Number of elements.</summary>
    public long numel() => Native.ac_numel(Handle);

    /// <summary>Size of a dimension; negative ones count from the end. Cheap, unlike <see cref="shape"/>.</summary>
    /// <exception cref="TorchException">There is no such dimension.</exception>
    public long size(int i) => Native.ac_size(Handle, Wrap(i));

    /// <summary>Elements between neighbours along a dimension.</summary>
    /// <exception cref="TorchException">There is no such dimension.</exception>
    public long stride(int i) => Native.ac_stride(Handle, Wrap(i));

    /// <summary>All sizes, as a new array.</summary>
    public long[] shape
    {
        get
        {
            var sizes = new long[dim()];
            for (var i = 0; i < sizes.Length; i++) sizes[i] = Native.ac_size(Handle, i);
            return sizes;
        }
    }

    /// <summary>Element type.</summary>
    public ScalarType dtype => (ScalarType)Native.ac_dtype(Handle);

    /// <summary>Where it lives.</summary>
    public Device device => new((DeviceType)Native.ac_device_type(Handle), Native.ac_device_index(Handle));

    /// <summary>Bytes per element.</summary>
    public int element_size() => dtype.Size();

    /// <summary>Bytes of its elements.</summary>
    public long nbytes => numel() * element_size();

    /// <summary>Whether its elements lie one behind the other in row-major order.</summary>
    public bool is_contiguous() => Native.ac_is_contiguous(Handle) != 0;

    /// <summary>Whether both are the same native tensor.</summary>
    public bool is_same(Tensor other) => Native.ac_same(Handle, other.Handle) != 0;

    /// <summary>Hands it to the scope around the innermost one (to nobody where there is none) and returns it.</summary>
    public Tensor MoveToOuterDisposeScope()
    {
        if (Scope is not { } scope) return this;
        scope.Remove(this);
        scope.Outer?.Add(this);
        return this;
    }

    /// <summary>Takes it out of its scope: it lives until <see cref="Dispose"/>. For parameters, caches and optimiser state.</summary>
    public Tensor DetachFromDisposeScope()
    {
        Scope?.Remove(this);
        return this;
    }

    /// <summary>A second handle on the same native tensor, outside any scope: what a cache or a saved tensor holds.</summary>
    public Tensor Alias() => WrapDetached(Native.ac_clone_ref(Handle));

    /// <inheritdoc/>
    public void Dispose()
    {
        var handle = Interlocked.Exchange(ref _handle, 0);
        if (handle == 0) return;
        Scope?.Remove(this);
        GC.SuppressFinalize(this);
        Native.ac_free(handle);
    }

    /// <inheritdoc/>
    public override string ToString() => IsDisposed ? "tensor (freed)" : $"[{string.Join(", ", shape)}] {dtype} {device}";

    internal static Tensor Wrap(long handle) => Wrap((nint)handle);

    internal static Tensor Wrap(nint handle)
    {
        if (handle == 0) throw new TorchException("the operator returned no tensor");
        var tensor = new Tensor(handle);
        DisposeScope.Current?.Add(tensor);
        return tensor;
    }

    internal static Tensor WrapDetached(nint handle) => new(handle);

    private int Wrap(int i)
    {
        var n = dim();
        var at = i < 0 ? i + n : i;
        return (uint)at < (uint)n ? at : throw new TorchException($"dimension {i} of a tensor with {n} dimensions");
    }
}
