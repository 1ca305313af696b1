namespace AlpacaCot.Models.Blocks;

/// <summary>
/// The residual stream <c>[tokens, hidden]</c> and what the last part of a block adds to it: kept apart until the next norm, which computes the sum
/// on its way.
/// </summary>
internal readonly record struct Residual(Tensor Stream, Tensor? Update = null)
{
    public Tensor Sum() => Update is null ? Stream : Stream + Update;

    public Residual MoveToOuterDisposeScope() => new(Stream.MoveToOuterDisposeScope(), Update?.MoveToOuterDisposeScope());

    public void Dispose()
    {
        Stream.Dispose();
        Update?.Dispose();
    }
}
