namespace AlpacaCot.Torch;

/// <summary>
/// An arena of tensors: what operators return on this thread while the scope is the innermost one is freed when it ends.
/// The garbage collector knows nothing of native memory, so every loop over operators runs in scopes: one per step, one per layer.
/// </summary>
/// <remarks>Bound to its thread; it must not be held across <c>await</c> or <c>yield</c>.</remarks>
public sealed class DisposeScope : IDisposable
{
    [ThreadStatic]
    private static DisposeScope? _current;

    private readonly DisposeScope? _outer;
    private readonly int _thread;
    private Tensor?[] _tensors;
    private int _count;
    private bool _disposed;

    internal DisposeScope()
    {
        _outer = _current;
        _thread = Environment.CurrentManagedThreadId;
        _tensors = System.Buffers.ArrayPool<Tensor?>.Shared.Rent(64);
        _current = this;
    }

    /// <summary>The innermost scope of this thread, or null.</summary>
    public static DisposeScope? Current => _current;

    /// <summary>How many live tensors it holds.</summary>
    public int Count
    {
        get
        {
            var live = 0;
            for (var i = 0; i < _count; i++) if (_tensors[i] is not null) live++;
            return live;
        }
    }

    internal DisposeScope? Outer => _outer;

    internal void Add(Tensor tensor)
    {
        if (_count == _tensors.Length)
        {
            var larger = System.Buffers.ArrayPool<Tensor?>.Shared.Rent(2 * _count);
            Array.Copy(_tensors, larger, _count);
            System.Buffers.ArrayPool<Tensor?>.Shared.Return(_tensors, clearArray: true);
            _tensors = larger;
        }
        tensor.Scope = this;
        tensor.Index = _count;
        _tensors[_count++] = tensor;
    }

    internal void Remove(Tensor tensor)
    {
        tensor.Scope = null;
        _tensors[tensor.Index] = null;
        while (_count > 0 && _tensors[_count - 1] is null) _count--;
    }

    /// <summary>Frees the tensors that are still in it.</summary>
    /// <exception cref="TorchException">It is not the innermost scope of this thread.</exception>
    public void Dispose()
    {
        if (_disposed) return;
        if (Environment.CurrentManagedThreadId != _thread)
            throw new TorchException("a dispose scope ended on another thread than it began on; do not hold it across await or yield");
        if (_current != this) throw new TorchException("a dispose scope ended before one that was opened inside it");
        _disposed = true;
        _current = _outer;
        for (var i = 0; i < _count; i++)
        {
            if (_tensors[i] is not { } tensor) continue;
            tensor.Scope = null;
            tensor.Dispose();
        }
        System.Buffers.ArrayPool<Tensor?>.Shared.Return(_tensors, clearArray: true);
        _tensors = [];
        _count = 0;
    }
}
