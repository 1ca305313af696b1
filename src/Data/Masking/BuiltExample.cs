namespace AlpacaCot.Data.Masking;

/// <summary>Why a record teaches nothing.</summary>
public enum RefusalCause
{
    /// <summary>Its output is empty or blank.</summary>
    EmptyAnswer,

    /// <summary>Its instruction and input are empty or blank.</summary>
    EmptyPrompt,

    /// <summary>Its prompt leaves no room under the cutoff for one token of the answer and the EOS id.</summary>
    PromptFillsCutoff,

    /// <summary>A mix that this one is matched with cannot teach it.</summary>
    Unmatched,

    /// <summary>Nothing in it is learnt: it has no answer, or none that answers a question.</summary>
    NothingLearned,

    /// <summary>It is longer than the cutoff, and rows are not to be cut.</summary>
    OverCutoff,

    /// <summary>Its template cannot render it: it knows no such turn, or not in this place.</summary>
    TemplateRefuses,
}

/// <summary>What became of a record: an example, or the cause for which it was refused.</summary>
/// <param name="Example">The example, or null.</param>
/// <param name="Refused">The cause, where there is no example.</param>
/// <param name="WholeTokens">Tokens of the whole row with EOS, before any cut; of its prompt alone where that fills the cutoff; else 0.</param>
public readonly record struct BuiltExample(Example? Example, RefusalCause? Refused, int WholeTokens)
{
    /// <summary>Whether something was cut to fit the cutoff.</summary>
    public bool Truncated => Example is not null && Example.Ids.Length < WholeTokens;
}
