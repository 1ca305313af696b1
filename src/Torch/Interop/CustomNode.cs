using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace AlpacaCot.Torch.Interop;

/// <summary>The managed half of a custom autograd node: its callback, what it saved, and the way its exceptions take around native frames.</summary>
internal sealed unsafe class CustomNode
{
    /// <summary>
    /// The exception of a failed callback on its way to the caller of backward. CPU nodes run on the caller's thread; the last one wins
    /// elsewhere.
    /// </summary>
    [ThreadStatic]
    private static ExceptionDispatchInfo? _failure;

    private static ExceptionDispatchInfo? _foreignFailure;

    private readonly BackwardFunction _backward;
    private readonly Tensor?[] _saved;
    private readonly int _thread = Environment.CurrentManagedThreadId;

    private CustomNode(BackwardFunction backward, Tensor?[] saved) => (_backward, _saved) = (backward, saved);

    internal static void Attach(ReadOnlySpan<Tensor> inputs, ReadOnlySpan<Tensor> outputs, ReadOnlySpan<Tensor?> saved, BackwardFunction backward)
    {
        if (!torch.is_grad_enabled()) return;
        var needed = false;
        foreach (var t in inputs) needed |= t.requires_grad;
        if (!needed) return;

        var kept = new Tensor?[saved.Length];
        for (var i = 0; i < kept.Length; i++) kept[i] = Keep(saved[i], outputs);
        var state = GCHandle.Alloc(new CustomNode(backward, kept));
        var handles = stackalloc nint[inputs.Length + outputs.Length];
        for (var i = 0; i < inputs.Length; i++) handles[i] = inputs[i].Handle;
        for (var i = 0; i < outputs.Length; i++) handles[inputs.Length + i] = outputs[i].Handle;
        Native.Check(Native.ac_custom_node(handles, inputs.Length, handles + inputs.Length, outputs.Length, &OnBackward, &OnRelease, GCHandle.ToIntPtr(state)));
    }

    /// <summary>Rethrows what a managed callback threw, else libtorch's own error.</summary>
    internal static void Check(int result)
    {
        var failure = _failure ?? Interlocked.Exchange(ref _foreignFailure, null);
        _failure = null;
        if (result < 0) failure?.Throw();
        Native.Check(result);
    }

    // An output holds its node, so a node that held its output would never be freed: it keeps the elements alone.
    private static Tensor? Keep(Tensor? tensor, ReadOnlySpan<Tensor> outputs)
    {
        if (tensor is null) return null;
        foreach (var y in outputs) if (ReferenceEquals(y, tensor)) return tensor.detach().DetachFromDisposeScope();
        return tensor.Alias();
    }

    [UnmanagedCallersOnly]
    private static int OnBackward(nint state, nint* grads, int n, nint* results, int m)
    {
        var node = Unsafe.As<CustomNode>(GCHandle.FromIntPtr(state).Target!);
        var scope = torch.NewDisposeScope();
        try
        {
            var inputs = new Tensor?[n];
            for (var i = 0; i < n; i++) inputs[i] = grads[i] == 0 ? null : Tensor.Wrap(grads[i]);
            var outputs = node._backward(inputs, node._saved);
            if (outputs.Length != m) throw new TorchException($"a custom backward returned {outputs.Length} gradients for {m} inputs");
            for (var i = 0; i < m; i++) results[i] = outputs[i] is { } g ? Native.ac_clone_ref(g.Handle) : 0;
            return 0;
        }
        catch (Exception e)
        {
            var info = ExceptionDispatchInfo.Capture(e);
            if (node._thread == Environment.CurrentManagedThreadId) _failure = info;
            else _foreignFailure = info;
            return 1;
        }
        finally
        {
            while (DisposeScope.Current != scope) DisposeScope.Current!.Dispose();
            scope.Dispose();
        }
    }

    [UnmanagedCallersOnly]
    private static void OnRelease(nint state)
    {
        var handle = GCHandle.FromIntPtr(state);
        var node = Unsafe.As<CustomNode>(handle.Target!);
        handle.Free();
        foreach (var t in node._saved) t?.Dispose();
    }
}
