using AlpacaCot.Data.Templates;
using AlpacaCot.Tokenizers;

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
}

/// <summary>What became of a record: an example, or the cause for which it was refused.</summary>
/// <param name="Example">The example, or null.</param>
/// <param name="Refused">The cause, where there is no example.</param>
/// <param name="WholeTokens">Tokens of the whole row with EOS, before any cut; of its prompt alone where that fills the cutoff; else 0.</param>
public readonly record struct BuiltExample(Example? Example, RefusalCause? Refused, int WholeTokens)
{
    /// <summary>Whether the end of the answer was cut to fit the cutoff.</summary>
    public bool Truncated => Example is not null && Example.Ids.Length < WholeTokens;
}

/// <summary>
/// Ids and labels of a record, masked by construction: prompt and answer are encoded apart and joined, so the border of the loss is exact and the
/// ids that a model is asked with are a prefix of those it was taught with. The EOS id ends every example and is learnt.
/// A row over the cutoff loses the end of its answer, never the EOS id and nothing of its prompt.
/// </summary>
public sealed class ExampleBuilder
{
    /// <summary>Version of the masking rule; part of every cache key.</summary>
    public const string RuleVersion = "answer-and-eos-1";

    private static readonly EncodeOptions _promptOptions = new(AddSpecialTokens: true, SpecialTokensAsText: true);
    private static readonly EncodeOptions _answerOptions = new(SpecialTokensAsText: true, Continuation: true);

    private readonly ITokenizer _tokenizer;
    private readonly PromptTemplate _template;
    private readonly int _cutoff;
    private readonly int _eos;
    private readonly bool _trainOnPrompt;

    /// <summary>Makes a builder.</summary>
    /// <param name="tokenizer">The tokenizer; it must have an EOS id.</param>
    /// <param name="template">The template.</param>
    /// <param name="cutoffLength">Most tokens of one example.</param>
    /// <param name="trainOnPrompt">Whether the prompt's tokens are learnt too, as a language model's are.</param>
    /// <exception cref="DatasetException">The tokenizer has no EOS id, or the cutoff is below 3 tokens.</exception>
    public ExampleBuilder(ITokenizer tokenizer, PromptTemplate template, int cutoffLength, bool trainOnPrompt = false)
    {
        if (cutoffLength < 3) throw new DatasetException($"cutoff_len {cutoffLength}: must be at least 3 (a prompt, an answer and EOS)");
        _eos = tokenizer.EosId ?? throw new DatasetException("the tokenizer has no EOS token, so a model could not learn to stop; set eos_token in its tokenizer_config.json");
        (_tokenizer, _template, _cutoff, _trainOnPrompt) = (tokenizer, template, cutoffLength, trainOnPrompt);
    }

    /// <summary>
    /// The ids of a prompt, for training and for asking alike: with BOS where the tokenizer adds it, never with EOS; special tokens written in
    /// the text are text.
    /// </summary>
    public static int[] PromptIds(ITokenizer tokenizer, string prompt)
    {
        var ids = tokenizer.Encode(prompt, _promptOptions);
        return ids.Length > 0 && ids[^1] == tokenizer.EosId ? ids[..^1] : ids;
    }

    /// <summary>The ids of a text that continues a prompt, without EOS.</summary>
    public static int[] AnswerIds(ITokenizer tokenizer, string answer) => tokenizer.Encode(answer, _answerOptions);

    /// <summary>Builds the example of a record.</summary>
    public BuiltExample Build(InstructionRecord record)
    {
        if (string.IsNullOrWhiteSpace(record.Output)) return Refuse(RefusalCause.EmptyAnswer);
        if (string.IsNullOrWhiteSpace(record.Instruction) && string.IsNullOrWhiteSpace(record.Input)) return Refuse(RefusalCause.EmptyPrompt);

        var prompt = PromptIds(_tokenizer, _template.Prompt(record.Instruction, record.Input));
        var room = _cutoff - prompt.Length - 1;
        if (room < 1) return Refuse(RefusalCause.PromptFillsCutoff, prompt.Length);

        var answer = AnswerIds(_tokenizer, _template.Response(record.Output));
        if (answer.Length == 0) return Refuse(RefusalCause.EmptyAnswer);
        var whole = prompt.Length + answer.Length + 1;
        if (answer.Length > room) answer = answer[..room];

        int[] ids = [.. prompt, .. answer, _eos];
        var labels = (int[])ids.Clone();
        if (!_trainOnPrompt) labels.AsSpan(0, prompt.Length).Fill(Example.Ignored);
        return new BuiltExample(new Example(ids, labels), null, whole);
    }

    private static BuiltExample Refuse(RefusalCause cause, int tokens = 0) => new(null, cause, tokens);
}
