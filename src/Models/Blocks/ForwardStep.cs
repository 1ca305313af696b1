
namespace AlpacaCot.Models.Blocks;

/// <summary>What all blocks share during one forward pass.</summary>
internal sealed record ForwardStep(SegmentLayout Layout, IAdapterHooks Hooks, KvCache? Cache, PositionStep Positions)
{
    /// <summary>Starts of the segments and, last, the number of tokens.</summary>
    public int[] Bounds { get; } = [.. Layout.Segments.Select(segment => segment.Start), Layout.Tokens];

    /// <summary>A projection with the hooks around it: <c>[tokens, in]</c> → <c>[tokens, out]</c>.</summary>
    public Tensor Project(ProjectionSite site, Tensor x)
    {
        x = Hooks.BeforeProjection(site, x, Layout);
        return Hooks.AfterProjection(site, x, site.Weights.Forward(x), Layout);
    }
}
