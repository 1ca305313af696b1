using AlpacaCot.Data.Masking;
using AlpacaCot.Data.Templates;
using AlpacaCot.Evaluation.Prompts;
using AlpacaCot.Inference;
using AlpacaCot.Tokenizers;

namespace AlpacaCot.Worker.Jobs;

/// <summary>One question as a model is fed it.</summary>
/// <param name="Ids">Its ids.</param>
/// <param name="Decoding">How it is decoded, with what ends an answer in the template's way.</param>
internal readonly record struct AskedQuestion(int[] Ids, DecodingSettings Decoding);

/// <summary>Questions that people ask, as suites ask theirs; without a template the text stands as it is.</summary>
internal static class Questions
{
    /// <summary>A question through a template.</summary>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="template">The template that trained the model; null takes the text as it is.</param>
    /// <param name="text">The instruction.</param>
    /// <param name="cue">A thinking cue, or null.</param>
    /// <param name="decoding">How it is decoded.</param>
    /// <param name="system">A system text; empty for none.</param>
    public static AskedQuestion Ask(ITokenizer tokenizer, IConversationForm? template, string text, string? cue = null, DecodingSettings? decoding = null, string system = "")
    {
        decoding ??= new DecodingSettings();
        if (template is null) return new(ExampleBuilder.PromptIds(tokenizer, CotCue.Append(text, cue)), decoding);
        var renderer = new PromptRenderer(new PromptSettings(tokenizer, template, cue));
        return new(renderer.Encode(renderer.Prompt(text, [], system)), renderer.Ending(decoding));
    }
}
