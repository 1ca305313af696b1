using AlpacaCot.Data;
using AlpacaCot.Data.Masking;
using AlpacaCot.Data.Templates;
using AlpacaCot.Evaluation.Harness;
using AlpacaCot.Inference;
using AlpacaCot.Tokenizers;

namespace AlpacaCot.Evaluation.Prompts;

/// <summary>A question as a model is asked it.</summary>
/// <param name="Pieces">Its parts in their order, which are encoded apart, as they were taught.</param>
public sealed record AskedPrompt(IReadOnlyList<Piece> Pieces)
{
    /// <summary>The whole text.</summary>
    public string Text { get; } = string.Concat(Pieces.Select(piece => piece.Text));
}

/// <summary>
/// The one place where a question becomes what a model is fed, for suites, servers and one-shot commands alike: worked examples first, then the question with the cue, as the template that trained the
/// model writes them. Prompts and answers are encoded with the boundary that training used. Without a template the text stands as it is, with lm-eval's boundary.
/// </summary>
public sealed class PromptRenderer
{
    private const string Between = "\n\n";
    private readonly ITokenizer _tokenizer;
    private readonly IConversationForm? _template;
    private readonly string? _cue;
    private readonly string _delimiter;
    private readonly PairEncoder? _pairs;

    /// <summary>Makes a renderer.</summary>
    /// <param name="settings">The template, the cue and the tokenizer.</param>
    /// <param name="targetDelimiter">What stands before an answer where there is no template.</param>
    public PromptRenderer(PromptSettings settings, string targetDelimiter = " ")
    {
        (_tokenizer, _template, _cue, _delimiter) = (settings.Tokenizer, settings.Template, settings.Cue, targetDelimiter);
        if (_template is null) _pairs = new PairEncoder(_tokenizer);
    }

    /// <summary>A question after its worked examples; a description or system text first.</summary>
    /// <exception cref="EvaluationException">The template cannot render it.</exception>
    public AskedPrompt Prompt(string instruction, IReadOnlyList<(string Instruction, string Answer)> examples, string description = "")
    {
        if (_template is null)
            return new([new Piece(description + string.Concat(examples.Select(e => Cued(e.Instruction) + Continuation(e.Answer) + Between)) + Cued(instruction), Answer: false, Learned: false)]);
        try
        {
            return new(_template.Asked(Cued(instruction), [.. examples.Select(example => (Cued(example.Instruction), example.Answer))], description));
        }
        catch (DatasetException e)
        {
            throw new EvaluationException(e.Message, e);
        }
    }

    /// <summary>A prompt's ids.</summary>
    public int[] Encode(AskedPrompt prompt) => _template is null ? _pairs!.Encode(prompt.Text) : ExampleBuilder.PromptIds(_tokenizer, _template, prompt.Pieces);

    /// <summary>An answer as it follows a prompt: with what the template puts in front, or the delimiter.</summary>
    public string Continuation(string answer) => _template is not null ? _template.Response(answer) : _delimiter + answer;

    /// <summary>Ids of a prompt and of an answer that is scored after it.</summary>
    public (int[] Context, int[] Continuation) Pair(AskedPrompt prompt, string answer)
    {
        if (_template is null) return _pairs!.EncodePair(prompt.Text, Continuation(answer));
        var continuation = ExampleBuilder.AnswerIds(_tokenizer, _template, Continuation(answer));
        if (continuation.Length == 0) throw new EvaluationException($"the answer \"{answer}\" has no token");
        return (Encode(prompt), continuation);
    }

    /// <summary>The settings with what ends an answer in the template's own way: its token where it is one, else its text.</summary>
    public DecodingSettings Ending(DecodingSettings decoding)
    {
        if (_template is not { AnswerEnd: { Length: > 0 } end }) return decoding;
        return ExampleBuilder.AnswerIds(_tokenizer, _template, end) is [var id] && _tokenizer.IsSpecial(id)
            ? decoding with { StopTokenIds = [.. decoding.StopTokenIds, id] }
            : decoding with { StopStrings = [.. decoding.StopStrings, end] };
    }

    /// <summary>The answer in generated text: without what the template puts in front.</summary>
    public string AnswerOf(string generated) => _template is not null ? _template.AnswerOf(generated) : generated;

    private string Cued(string instruction) => CotCue.Append(instruction, _cue);
}
