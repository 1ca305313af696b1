namespace AlpacaCot.Models.Blocks;

/// <summary>
/// What happens to the embedded tokens before the first block, in this order: scaling, a norm, a projection to the blocks' width, learned positions.
/// Adapters act before it, on the embedding's own rows.
/// </summary>
/// <param name="Scale">Factor on the embedding; 1 is none.</param>
/// <param name="Norm">A norm of the embedding, or null.</param>
/// <param name="Project">From the embedding's width to the blocks', or null where they are one.</param>
internal sealed record EmbeddingStage(double Scale = 1, INorm? Norm = null, ProjectionSite? Project = null)
{
    /// <summary>Whether nothing but positions is left to do.</summary>
    public bool IsEmpty => Scale == 1 && Norm is null && Project is null;

    /// <summary><c>[tokens, embedding width]</c> → <c>[tokens, hidden]</c>.</summary>
    public Tensor Forward(Tensor embedded, ForwardStep step)
    {
        var x = Scale == 1 ? embedded : embedded * (float)Scale;
        if (Norm is not null) x = step.Norm(Norm, x);
        if (Project is not null) x = step.Project(Project, x);
        return step.Positions.Enter(x);
    }
}
