using AlpacaCot.Kernels;

namespace AlpacaCot.Models.Blocks;

/// <summary>The MLP of a block: <c>[tokens, hidden]</c> → <c>[tokens, hidden]</c>.</summary>
internal interface IMlp
{
    Tensor Forward(Tensor x, ForwardStep step);
}

/// <summary>down(f(up(x))).</summary>
internal sealed class PlainMlp(ProjectionSite up, Activation activation, ProjectionSite down) : IMlp
{
    public Tensor Forward(Tensor x, ForwardStep step) => step.Project(down, activation.Apply(step.Project(up, x)));
}

/// <summary>Gated MLP with another function than silu: down(f(gate(x)) · up(x)).</summary>
internal sealed class GatedMlp(ProjectionSite gate, ProjectionSite up, Activation activation, ProjectionSite down) : IMlp
{
    public Tensor Forward(Tensor x, ForwardStep step)
    {
        var gated = activation.Apply(step.Project(gate, x));
        return step.Project(down, gated * step.Project(up, x));
    }
}

/// <summary>Gated MLP (silu) with gate and up in one projection, the gate's rows first.</summary>
internal sealed class FusedGatedMlp(ProjectionSite gateUp, ProjectionSite down) : IMlp
{
    public Tensor Forward(Tensor x, ForwardStep step)
    {
        var both = step.Project(gateUp, x);
        var width = both.size(-1) / 2;
        return step.Project(down, Functional.SwiGlu(both.narrow(-1, 0, width), both.narrow(-1, width, width)));
    }
}
