using AlpacaCot.Data.Templates;
using AlpacaCot.Evaluation.Prompts;
using AlpacaCot.Inference;

namespace AlpacaCot.Evaluation.Suites;

/// <summary>Whom a suite asks, and how.</summary>
/// <param name="Engine">The engine that generates and scores.</param>
/// <param name="Member">The adapter asked (index in the engine's bank); -1 is the bare base.</param>
/// <param name="Template">The template that trained the model; null asks the questions as plain text, as lm-eval does.</param>
/// <param name="Cue">A thinking cue appended to every instruction, or null.</param>
/// <param name="Decoding">How answers are decoded.</param>
/// <param name="Progress">Told how far the suite is, from the engine's thread; may be null.</param>
/// <param name="Cancellation">Ends the suite.</param>
public sealed record SuiteContext(
    InferenceEngine Engine, int Member, IConversationForm? Template, string? Cue, DecodingSettings Decoding,
    Action<SuiteProgress>? Progress = null, CancellationToken Cancellation = default)
{
    /// <summary>How questions are put to it.</summary>
    public PromptSettings Prompts => new(Engine.Tokenizer, Template, Cue);
}
