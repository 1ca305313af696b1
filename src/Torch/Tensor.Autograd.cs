using AlpacaCot.Torch.Interop;

namespace AlpacaCot.Torch;

public sealed partial class Tensor
{
    /// <summary>Whether gradients flow to it; settable on leaves.</summary>
    /// <exception cref="TorchException">It is not of a floating-point type, or not a leaf.</exception>
    public bool requires_grad
    {
        get => Native.ac_requires_grad(Handle) != 0;
        set => Native.Check(Native.ac_set_requires_grad(Handle, value ? 1 : 0));
    }

    /// <summary>Sets <see cref="requires_grad"/> and returns itself.</summary>
    public Tensor requires_grad_(bool value = true)
    {
        requires_grad = value;
        return this;
    }

    /// <summary>Whether no operator made it under gradient recording.</summary>
    public bool is_leaf => Native.ac_is_leaf(Handle) != 0;

    /// <summary>The gradient that <see cref="backward"/> accumulated (a new handle in the innermost scope), or null.</summary>
    public Tensor? grad
    {
        get
        {
            var handle = Native.ac_grad(Handle);
            return handle == 0 ? null : Wrap(handle);
        }
        set
        {
            Native.Check(Native.ac_set_grad(Handle, value?.Handle ?? 0));
            GC.KeepAlive(value);
        }
    }

    /// <summary>Drops the gradient.</summary>
    public void zero_grad() => grad = null;

    /// <summary>The same elements outside the graph, without a copy.</summary>
    public Tensor detach() => Op.detach.Run(this);

    /// <summary>Accumulates gradients into the leaves that this was computed from.</summary>
    /// <param name="gradient">Gradient of the outcome with respect to this; not needed where this is one number.</param>
    /// <param name="retain_graph">Keep what was saved, for another backward.</param>
    /// <param name="create_graph">Record the computation of the gradients, for higher derivatives.</param>
    /// <exception cref="TorchException">There is no graph, or it was freed; exceptions of custom functions come as they were thrown.</exception>
    public void backward(Tensor? gradient = null, bool retain_graph = false, bool create_graph = false) =>
        torch.autograd.backward([this], gradient is null ? null : [gradient], retain_graph, create_graph);
}
