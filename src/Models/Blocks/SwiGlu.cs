using AlpacaCot.Torch;

namespace AlpacaCot.Models.Blocks;

/// <summary>Gated MLP (Shazeer 2020): down(silu(gate(x)) · up(x)).</summary>
internal sealed class SwiGlu(ProjectionSite gate, ProjectionSite up, ProjectionSite down)
{
    /// <summary><c>[tokens, hidden]</c> → <c>[tokens, hidden]</c>.</summary>
    public Tensor Forward(Tensor x, ForwardStep step) => step.Project(down, Composed(step.Project(gate, x), step.Project(up, x)));

    /// <summary>The definition, from plain operations.</summary>
    internal static Tensor Composed(Tensor gate, Tensor up) => torch.functional.silu(gate) * up;
}
