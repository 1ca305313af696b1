using AlpacaCot.Torch;

namespace AlpacaCot.Models.Blocks;

/// <summary>What all blocks share during one forward pass.</summary>
internal sealed record ForwardStep(SegmentLayout Layout, IAdapterHooks Hooks, KvCache? Cache, PositionStep Positions)
{
    /// <summary>A projection with the hooks around it: <c>[tokens, in]</c> → <c>[tokens, out]</c>.</summary>
    public Tensor Project(ProjectionSite site, Tensor x)
    {
        x = Hooks.BeforeProjection(site, x, Layout);
        return Hooks.AfterProjection(site, x, site.Weights.Forward(x), Layout);
    }
}
