using AlpacaCot.Data.Masking;
using AlpacaCot.Data.Templates;
using AlpacaCot.Evaluation.Harness;
using AlpacaCot.Tokenizers;

namespace AlpacaCot.Evaluation.Prompts;

/// <summary>
/// Renders questions as the model was taught to read them: worked examples first, each through the template with its answer, then the question with the
/// cue. Prompts and answers are encoded with the boundary that training used. Without a template the text stands as it is, with lm-eval's boundary.
/// </summary>
internal sealed class PromptRenderer
{
    private const string Between = "\n\n";
    private readonly ITokenizer _tokenizer;
    private readonly PromptTemplate? _template;
    private readonly string? _cue;
    private readonly string _delimiter;
    private readonly PairEncoder? _pairs;

    public PromptRenderer(PromptSettings settings, string targetDelimiter = " ")
    {
        (_tokenizer, _template, _cue, _delimiter) = (settings.Tokenizer, settings.Template, settings.Cue, targetDelimiter);
        if (_template is null) _pairs = new PairEncoder(_tokenizer);
    }

    /// <summary>The whole prompt of a question after its worked examples.</summary>
    public string Prompt(string instruction, IReadOnlyList<(string Instruction, string Answer)> examples, string description = "")
        => description + string.Concat(examples.Select(e => One(e.Instruction) + Continuation(e.Answer) + Between)) + One(instruction);

    /// <summary>A prompt's ids.</summary>
    public int[] Encode(string prompt)
        => _template is not null ? ExampleBuilder.PromptIds(_tokenizer, prompt) : _pairs!.Encode(prompt);

    /// <summary>An answer as it follows a prompt: the template's response prefix, or the delimiter.</summary>
    public string Continuation(string answer) => _template is not null ? _template.Response(answer) : _delimiter + answer;

    /// <summary>Ids of a prompt and of an answer that is scored after it.</summary>
    public (int[] Context, int[] Continuation) Pair(string prompt, string answer)
    {
        if (_template is null) return _pairs!.EncodePair(prompt, Continuation(answer));
        var continuation = ExampleBuilder.AnswerIds(_tokenizer, Continuation(answer));
        if (continuation.Length == 0) throw new EvaluationException($"the answer \"{answer}\" has no token");
        return (ExampleBuilder.PromptIds(_tokenizer, prompt), continuation);
    }

    /// <summary>The answer in generated text: without the response prefix.</summary>
    public string AnswerOf(string generated) => _template is not null ? _template.AnswerOf(generated) : generated;

    private string One(string instruction)
    {
        var asked = CotCue.Append(instruction, _cue);
        return _template is not null ? _template.Prompt(asked) : asked;
    }
}
