using AlpacaCot.Kernels;

namespace AlpacaCot.Models.Blocks;

/// <summary>Gated MLP (Shazeer 2020): down(silu(gate(x)) · up(x)).</summary>
internal sealed class SwiGlu(ProjectionSite gate, ProjectionSite up, ProjectionSite down) : IMlp
{
    public ProjectionSite Gate => gate;

    public ProjectionSite Up => up;

    public ProjectionSite Down => down;

    /// <summary><c>[tokens, hidden]</c> → <c>[tokens, hidden]</c>.</summary>
    public Tensor Forward(Tensor x, ForwardStep step) => step.Project(down, Functional.SwiGlu(step.Project(gate, x), step.Project(up, x)));
}
