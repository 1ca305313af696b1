using AlpacaCot.Data.Templates;
using AlpacaCot.Tokenizers;

namespace AlpacaCot.Evaluation.Prompts;

/// <summary>How questions are put to a model, whatever they are.</summary>
/// <param name="Tokenizer">The model's tokenizer.</param>
/// <param name="Template">The template that trained the model; null asks the questions as plain text, as lm-eval does.</param>
/// <param name="Cue">A thinking cue appended to every instruction, or null.</param>
public sealed record PromptSettings(ITokenizer Tokenizer, IConversationForm? Template, string? Cue);
