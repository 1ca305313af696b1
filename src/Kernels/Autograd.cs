using AlpacaCot.Kernels.Native;

namespace AlpacaCot.Kernels;

/// <summary>Turns gradients of a function's outputs (null where nothing flowed) into gradients of its inputs (null where none is needed).</summary>
public delegate Tensor?[] BackwardFunction(IReadOnlyList<Tensor?> gradients, IReadOnlyList<Tensor?> saved);

/// <summary>
/// Functions with a gradient of one's own, computed on raw memory. TorchSharp's <c>autograd.Function</c> does the same with more allocation,
/// and an exception in its backward ends the process.
/// </summary>
public static class Autograd
{
    /// <summary>
    /// Gives tensors that were computed outside the graph a gradient: <paramref name="outputs"/> depend on <paramref name="inputs"/> through
    /// <paramref name="backward"/>. Does nothing where no gradient is recorded or no input requires one.
    /// </summary>
    /// <param name="inputs">What gradients are for.</param>
    /// <param name="outputs">Fresh floating-point tensors, computed under <c>no_grad</c>; no views of inputs.</param>
    /// <param name="saved">What backward needs, an output too; second handles on them are kept until the graph is freed.</param>
    /// <param name="backward">Runs in a dispose scope of its own.</param>
    public static void Function(ReadOnlySpan<Tensor> inputs, ReadOnlySpan<Tensor> outputs, ReadOnlySpan<Tensor?> saved, BackwardFunction backward)
    {
        if (!is_grad_enabled()) return;
        var needed = false;
        foreach (var input in inputs) needed |= input.requires_grad;
        if (!needed) return;
        foreach (var output in outputs)
            if (output.requires_grad) throw new ArgumentException("an output of a custom function has a history already: compute it under no_grad", nameof(outputs));
        var kept = new Tensor?[saved.Length];
        for (var i = 0; i < kept.Length; i++) kept[i] = Keep(saved[i], outputs);
        ManagedNode.Attach(inputs, outputs, kept, backward);
    }

    /// <summary>Whether a function of these inputs records a gradient on this thread: whether saving is worth while.</summary>
    public static bool Records(params ReadOnlySpan<Tensor?> inputs)
    {
        if (!is_grad_enabled()) return false;
        foreach (var input in inputs) if (input is { requires_grad: true }) return true;
        return false;
    }

    /// <summary>Accumulates the gradients of a tensor into the leaves that it was computed from.</summary>
    /// <param name="root">What is differentiated.</param>
    /// <param name="gradient">Its gradient; may be left out for one number.</param>
    /// <param name="retain_graph">Keep what was saved, for another backward.</param>
    /// <exception cref="System.Runtime.InteropServices.ExternalException">There is no graph, or it was freed; exceptions of custom functions come as they were thrown.</exception>
    public static void Backward(Tensor root, Tensor? gradient = null, bool retain_graph = false)
    {
#pragma warning disable RS0030 // the one place that calls it
        ManagedNode.Run(() => root.backward(gradient is null ? null : [gradient], retain_graph), retain_graph);
#pragma warning restore RS0030
    }

    // An output holds its node, so a node that held its output would never be freed: it keeps the elements alone.
    private static Tensor? Keep(Tensor? tensor, ReadOnlySpan<Tensor> outputs)
    {
        if (tensor is null) return null;
        foreach (var output in outputs) if (ReferenceEquals(output, tensor)) return tensor.detach().DetachFromDisposeScope();
        return tensor.Share();
    }
}
