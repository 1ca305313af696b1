using AlpacaCot.Kernels;

namespace AlpacaCot.Models.Blocks;

/// <summary>Learned positions: row position + <paramref name="offset"/> of a table <c>[positions, hidden]</c> is added to the embedded token.</summary>
internal sealed class LearnedPositions(Tensor table, int offset) : PositionKind
{
    /// <inheritdoc/>
    public override PositionStep Prepare(PositionContext context)
    {
        var most = (int)table.size(0) - offset;
        var rows = new long[context.Layout.Tokens];
        foreach (var segment in context.Layout.Segments)
        {
            if (segment.Position + segment.Length > most)
                throw new ModelException($"a sequence of {segment.Position + segment.Length} tokens is longer than the {most} positions that the model has learnt");
            for (var i = 0; i < segment.Length; i++) rows[segment.Start + i] = segment.Position + i + offset;
        }
        return new Step(Functional.Embedding(torch.tensor(rows).On(table.device), table));
    }

    private sealed class Step(Tensor added) : PositionStep
    {
        public override Tensor Enter(Tensor x) => x + added;

        public override PositionStep Select(int[] tokens) => this;   // what is added has been
    }
}

/// <summary>No positions but those that the attention's scores carry (ALiBi).</summary>
internal sealed class ScorePositions : PositionKind
{
    private static readonly Step Nothing = new();

    /// <inheritdoc/>
    public override PositionStep Prepare(PositionContext context) => Nothing;

    private sealed class Step : PositionStep
    {
        public override PositionStep Select(int[] tokens) => this;
    }
}
