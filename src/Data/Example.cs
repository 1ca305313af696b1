namespace AlpacaCot.Data;

/// <summary>One training example: token ids and what is learnt of them.</summary>
/// <param name="Ids">Token ids <c>[tokens]</c>.</param>
/// <param name="Labels">Labels <c>[tokens]</c>, not shifted: the id where it is learnt, <see cref="Ignored"/> where it is not.</param>
public sealed record Example(int[] Ids, int[] Labels)
{
    /// <summary>The label of a position that carries no loss.</summary>
    public const int Ignored = -100;

    /// <summary>Number of positions that carry loss.</summary>
    public int SupervisedTokens => Labels.Count(label => label != Ignored);

    /// <summary>Index of the first token that predicts something learnt (token t predicts label t + 1); of the last one where none does.</summary>
    public int FirstPrediction => Labels.AsSpan(1).IndexOfAnyExcept(Ignored) is >= 0 and var first ? first : Ids.Length - 1;
}
