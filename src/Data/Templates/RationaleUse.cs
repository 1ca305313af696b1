namespace AlpacaCot.Data.Templates;

/// <summary>What is taught of a record that has a rationale beside its answer.</summary>
public enum RationaleUse
{
    /// <summary><c>answer</c>: the question as it stands, the answer alone.</summary>
    Answer,

    /// <summary><c>rationale</c>: the question with a thinking cue, the rationale and then the answer in a closing sentence, as FLAN writes it.</summary>
    RationaleThenAnswer,
}
