using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using static AlpacaCot.Kernels.Native.Sharp;

namespace AlpacaCot.Kernels.Native;

/// <summary>A node of libtorch's graph whose backward is managed: its callback, what it saved, and the way its exceptions take around native frames.</summary>
internal sealed unsafe class ManagedNode
{
    // The native side calls through pointers made from delegates; nodes are kept for ever and used again, so that no pointer outlives its delegate.
    private static readonly ConcurrentBag<ManagedNode> _idle = [];
    private static readonly ConcurrentBag<ManagedNode> _all = [];

    [ThreadStatic] private static ExceptionDispatchInfo? _failure;
    [ThreadStatic] private static bool _retain;
    [ThreadStatic] private static List<nint>? _returned;
    [ThreadStatic] private static nint* _buffer;
    [ThreadStatic] private static nint _capacity;

    /// <summary>The failure of a node that ran on another thread than backward was called on, as those of GPUs do.</summary>
    private static ExceptionDispatchInfo? _foreignFailure;

    private readonly ApplyCallback _apply;
    private readonly DeleteCallback _delete;
    private readonly nint _applyPointer, _deletePointer;
    private NodePtr _node;
    private BackwardFunction? _backward;
    private Tensor?[] _saved = [];
    private int _inputs, _thread;
    private nint* _results;
    private int _room;

    private delegate Handles ApplyCallback(nint* gradients, int count);

    private delegate void DeleteCallback();

    private ManagedNode()
    {
        (_apply, _delete) = (Apply, Delete);
        _applyPointer = Marshal.GetFunctionPointerForDelegate(_apply);
        _deletePointer = Marshal.GetFunctionPointerForDelegate(_delete);
        _all.Add(this);
    }

    /// <summary>Makes outputs depend on inputs. The saved tensors are the node's from here on.</summary>
    public static void Attach(ReadOnlySpan<Tensor> inputs, ReadOnlySpan<Tensor> outputs, Tensor?[] saved, BackwardFunction backward)
    {
        if (!_idle.TryTake(out var node)) node = new ManagedNode();
        (node._backward, node._saved, node._inputs, node._thread) = (backward, saved, inputs.Length, Environment.CurrentManagedThreadId);
        node._node = THSAutograd_CSharpNode_ctor(node._applyPointer, node._deletePointer);
        var shared = node._node;
        nint* handles = stackalloc nint[inputs.Length + outputs.Length];
        for (var i = 0; i < inputs.Length; i++) handles[i] = inputs[i].Handle;
        for (var i = 0; i < outputs.Length; i++) handles[inputs.Length + i] = outputs[i].Handle;
        Handles ins = new() { Array = handles, Size = inputs.Length }, outs = new() { Array = handles + inputs.Length, Size = outputs.Length };
        try
        {
            THSAutograd_CSharpNode_setNextEdges(shared, ins, true);
            THSAutograd_CSharpNode_clearInputMetadata(shared);
            THSAutograd_Function_wrapOutputs(ins, default, default, outs, shared, &Allocate);
            CheckForErrors();
            // The outputs themselves have the history now; the second handles on them are not needed.
            for (var i = 0; i < outputs.Length; i++) if (_buffer[i] != 0) _ = Abi.aoti_torch_delete_tensor_object(_buffer[i]);
        }
        finally
        {
            node._node.Shared = 0;
            THSAutograd_CSharpNode_disposeSharedPtr(shared);   // the graph owns it, or nobody
        }
    }

    /// <summary>Runs a backward pass on this thread; an exception of a managed backward comes as it was thrown.</summary>
    public static void Run(Action pass, bool retain)
    {
        var before = _retain;
        _retain = retain;
        try
        {
            pass();
        }
        catch (ExternalException)
        {
            var failure = _failure ?? Interlocked.Exchange(ref _foreignFailure, null);
            _failure = null;
            failure?.Throw();
            throw;
        }
        finally
        {
            _retain = before;
            FreeReturned();
        }
    }

    private Handles Apply(nint* gradients, int count)
    {
        FreeReturned();
        if (_room < _inputs + 1)
        {
            NativeMemory.Free(_results);
            _results = (nint*)NativeMemory.Alloc((nuint)(_room = _inputs + 1), (nuint)sizeof(nint));
        }
        new Span<nint>(_results, _inputs + 1).Clear();
        var scope = NewDisposeScope();
        try
        {
            var given = new Tensor?[count];
            for (var i = 0; i < count; i++) given[i] = gradients[i] == 0 ? null : Tensor.UnsafeCreateTensor(gradients[i]);
            if (_backward is null) throw new InvalidOperationException("backward through a graph a second time: what it saved has been freed; pass retain_graph to the first backward");
            var results = _backward(given, _saved);
            if (results.Length != _inputs) throw new InvalidOperationException($"a custom backward returned {results.Length} gradients for {_inputs} inputs");
            for (var i = 0; i < _inputs; i++) _results[i] = results[i] is { } gradient ? TensorHandles.Clone(gradient) : 0;
        }
        catch (Exception e)
        {
            var failure = ExceptionDispatchInfo.Capture(e);
            if (_thread == Environment.CurrentManagedThreadId) _failure = failure;
            else _foreignFailure = failure;
            // One gradient too many: the engine refuses it, which is how an error gets out of here.
            return new Handles { Array = _results, Size = _inputs + 1 };
        }
        finally
        {
            scope.Dispose();
        }
        _returned ??= [];
        for (var i = 0; i < _inputs; i++) if (_results[i] != 0) _returned.Add(_results[i]);
        if (!_retain) Drop();
        return new Handles { Array = _results, Size = _inputs };
    }

    // The engine copies what a node returns after it has returned; the handles are freed when the next one runs or the pass ends.
    private static void FreeReturned()
    {
        if (_returned is not { Count: > 0 } handles) return;
        foreach (var handle in handles) _ = Abi.aoti_torch_delete_tensor_object(handle);
        handles.Clear();
    }

    private void Drop()
    {
        foreach (var tensor in _saved) tensor?.Dispose();
        (_saved, _backward) = ([], null);
    }

    private void Delete()
    {
        Drop();
        if (_node.Weak != 0) THSAutograd_CSharpNode_disposeWeakPtr(_node);
        _node = default;
        _idle.Add(this);
    }

    [UnmanagedCallersOnly]
    private static nint* Allocate(nint count)
    {
        if (count > _capacity)
        {
            NativeMemory.Free(_buffer);
            _capacity = Math.Max(16, count);
            _buffer = (nint*)NativeMemory.Alloc((nuint)_capacity, (nuint)sizeof(nint));
        }
        return _buffer;
    }
}
