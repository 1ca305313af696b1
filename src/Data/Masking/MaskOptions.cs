using AlpacaCot.Specs;

namespace AlpacaCot.Data.Masking;

/// <summary>Which tokens of a conversation are learnt, and what is cut where it is too long.</summary>
/// <param name="TrainOnPrompt">Whether what is asked is learnt too, as a language model's text is.</param>
/// <param name="LearnsLastOnly">Whether the last answer alone is learnt; otherwise every answer is, unless its row says that it is not.</param>
/// <param name="Truncation">What is cut.</param>
public readonly record struct MaskOptions(bool TrainOnPrompt = false, bool LearnsLastOnly = false, Truncation Truncation = Truncation.Right);
