using AlpacaCot.Data.Templates;
using AlpacaCot.Tokenizers;

namespace AlpacaCot.Data.Masking;

/// <summary>
/// Ids and labels of a conversation, masked by construction: its parts are encoded apart and joined, so the borders of the loss are exact and the ids that a model is asked with are
/// a prefix of those it was taught with. Every answer ends with what its form ends it with, or an EOS id, which is learnt; an EOS id ends every example. By default a row over the cutoff loses later turns and the end of its last answer, never an EOS id and nothing of its
/// first prompt; what was cut is always counted.
/// </summary>
public sealed class ExampleBuilder
{
    /// <summary>Version of the masking rule; part of every cache key.</summary>
    public const string RuleVersion = "answer-and-eos-2";

    private readonly ITokenizer _tokenizer;
    private readonly IConversationForm _form;
    private readonly int _cutoff;
    private readonly int _eos;
    private readonly MaskOptions _options;

    /// <summary>Makes a builder.</summary>
    /// <param name="tokenizer">The tokenizer; it must have an EOS id.</param>
    /// <param name="form">The template.</param>
    /// <param name="cutoffLength">Most tokens of one example.</param>
    /// <param name="trainOnPrompt">Whether the prompt's tokens are learnt too, as a language model's are.</param>
    /// <param name="options">Which answers are learnt, and what is cut.</param>
    /// <exception cref="DatasetException">The tokenizer has no EOS id, or the cutoff is below 3 tokens.</exception>
    public ExampleBuilder(ITokenizer tokenizer, IConversationForm form, int cutoffLength, bool trainOnPrompt = false, MaskOptions options = default)
    {
        if (cutoffLength < 3) throw new DatasetException($"cutoff_len {cutoffLength}: must be at least 3 (a prompt, an answer and EOS)");
        _eos = tokenizer.EosId ?? throw new DatasetException("the tokenizer has no EOS token, so a model could not learn to stop; set eos_token in its tokenizer_config.json");
        (_tokenizer, _form, _cutoff, _options) = (tokenizer, form, cutoffLength, options with { TrainOnPrompt = options.TrainOnPrompt || trainOnPrompt });
    }

    /// <summary>
    /// The ids of a prompt, for training and for asking alike: with BOS where the tokenizer adds it, never with EOS; special tokens written in
    /// the text are text.
    /// </summary>
    public static int[] PromptIds(ITokenizer tokenizer, string prompt) => FirstIds(tokenizer, prompt, new EncodeOptions(AddSpecialTokens: true, SpecialTokensAsText: true));

    /// <summary>The ids of the parts of a question, as its example begins: parts apart, with EOS after the answers that are taught with one, and not at the end.</summary>
    public static int[] PromptIds(ITokenizer tokenizer, IConversationForm form, IReadOnlyList<Piece> pieces)
    {
        int[] Part(Piece piece) => piece.Answer && EndsWithEos(form, piece.Text) && tokenizer.EosId is { } eos ? [.. WithoutEos(AnswerIds(tokenizer, form, piece.Text), eos), eos] : AnswerIds(tokenizer, form, piece.Text);
        return [.. First(tokenizer, form, pieces[0].Text), .. pieces.Skip(1).SelectMany(Part)];
    }

    /// <summary>The ids of a text that continues others, without EOS.</summary>
    public static int[] AnswerIds(ITokenizer tokenizer, string answer) => tokenizer.Encode(answer, new EncodeOptions(SpecialTokensAsText: true, Continuation: true));

    /// <summary>The ids of an answer in a form, without EOS.</summary>
    public static int[] AnswerIds(ITokenizer tokenizer, IConversationForm form, string answer)
        => answer.Length == 0 ? [] : tokenizer.Encode(answer, new EncodeOptions(SpecialTokensAsText: !form.WritesSpecialTokens, Continuation: true));

    /// <summary>Builds the example of an instruction and its answer.</summary>
    public BuiltExample Build(InstructionRecord record) => Build(Conversation.Of(record));

    /// <summary>Builds the example of a conversation.</summary>
    public BuiltExample Build(Conversation conversation)
    {
        if (Refusal(conversation) is { } cause) return new(null, cause, 0);
        IReadOnlyList<Piece> pieces;
        try
        {
            pieces = _form.Pieces(conversation);
        }
        catch (DatasetException)
        {
            return new(null, RefusalCause.TemplateRefuses, 0);
        }
        if (_options.LearnsLastOnly) pieces = [.. pieces.Select((piece, i) => piece with { Learned = piece.Learned && i == pieces.Count - 1 })];
        var exchanges = Exchanges(pieces);
        if (!exchanges.Exists(exchange => exchange.Learned)) return new(null, RefusalCause.NothingLearned, 0);
        return new Cutting(_cutoff, _eos, _tokenizer.BosId, _options).Build(exchanges);
    }

    /// <summary>Why a conversation cannot be taught whatever the template, or null.</summary>
    private static RefusalCause? Refusal(Conversation conversation)
    {
        var learnt = conversation.Turns.Where(turn => turn.Learned).ToList();
        if (learnt.Count == 0) return RefusalCause.NothingLearned;
        if (learnt.TrueForAll(turn => string.IsNullOrWhiteSpace(turn.Text))) return RefusalCause.EmptyAnswer;
        return conversation.Turns.Any(turn => turn.Role is TurnRole.User or TurnRole.Tool && !string.IsNullOrWhiteSpace(turn.Whole)) ? null : RefusalCause.EmptyPrompt;
    }

    private List<Exchange> Exchanges(IReadOnlyList<Piece> pieces)
    {
        var exchanges = new List<Exchange>();
        for (var i = 0; i + 1 < pieces.Count; i += 2)
        {
            var answer = AnswerIds(_tokenizer, _form, pieces[i + 1].Text);
            var ends = i + 3 >= pieces.Count || EndsWithEos(_form, pieces[i + 1].Text);
            if (ends) answer = WithoutEos(answer, _eos);
            exchanges.Add(new Exchange(i == 0 ? First(_tokenizer, _form, pieces[i].Text) : AnswerIds(_tokenizer, _form, pieces[i].Text), answer, pieces[i + 1].Learned, ends));
        }
        return exchanges;
    }

    /// <summary>Whether EOS follows an answer that is not the last: the form ends its answers so, or wrote no end behind this one.</summary>
    private static bool EndsWithEos(IConversationForm form, string answer) => form.EndsAnswersWithEos || !answer.AsSpan().TrimEnd().EndsWith(form.AnswerEnd, StringComparison.Ordinal);

    /// <summary>An answer without the EOS that its form wrote.</summary>
    private static int[] WithoutEos(int[] answer, int eos) => answer is [.. var rest, var last] && last == eos ? rest : answer;

    private static int[] First(ITokenizer tokenizer, IConversationForm form, string text)
        => FirstIds(tokenizer, text, new EncodeOptions(form.TokenizerBegins, SpecialTokensAsText: !form.WritesSpecialTokens));

    private static int[] FirstIds(ITokenizer tokenizer, string text, EncodeOptions options)
    {
        var ids = tokenizer.Encode(text, options);
        return options.AddSpecialTokens && ids.Length > 0 && ids[^1] == tokenizer.EosId ? ids[..^1] : ids;
    }
}
