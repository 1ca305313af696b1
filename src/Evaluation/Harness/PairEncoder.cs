using AlpacaCot.Evaluation.Python;
using AlpacaCot.Tokenizers;

namespace AlpacaCot.Evaluation.Harness;

/// <summary>
/// Turns texts into the ids that lm-eval feeds a model: for text that follows no training template. (A question asked through the template that
/// trained the model is encoded by the Data room, with the boundary that training used.)
/// </summary>
public sealed class PairEncoder
{
    private readonly ITokenizer _tokenizer;
    private readonly string _prefixText;

    /// <summary>Creates an encoder over a tokenizer.</summary>
    /// <exception cref="EvaluationException">The tokenizer has neither a BOS nor an EOS token, so an empty context cannot be fed.</exception>
    public PairEncoder(ITokenizer tokenizer)
    {
        _tokenizer = tokenizer;
        PrefixId = tokenizer.BosId ?? tokenizer.EosId
            ?? throw new EvaluationException("the tokenizer has neither a BOS nor an EOS token: set bos_token or eos_token in tokenizer_config.json");
        _prefixText = tokenizer.Token(PrefixId);
    }

    /// <summary>What stands for an empty context: BOS, else EOS.</summary>
    public int PrefixId { get; }

    /// <summary>Encodes a whole text as the model expects it, with BOS where it adds one; a text that begins with the prefix token's text gets no second one.</summary>
    public int[] Encode(string text)
        => _tokenizer.Encode(text, new EncodeOptions(AddSpecialTokens: !text.StartsWith(_prefixText, StringComparison.Ordinal)));

    /// <summary>
    /// Encodes a context and its continuation: trailing white space of the context moves to the continuation, the whole is encoded, and the
    /// continuation is what comes after as many ids as the context has alone.
    /// </summary>
    /// <exception cref="EvaluationException">Nothing is left of the context or of the continuation.</exception>
    public (int[] Context, int[] Continuation) EncodePair(string context, string continuation)
    {
        int[] contextIds, continuationIds;
        if (context.Length == 0)
        {
            contextIds = [PrefixId];
            continuationIds = _tokenizer.Encode(continuation);
            // The prefix token written in front of the continuation is the context.
            if (continuationIds.Length > 1 && continuationIds[0] == PrefixId) continuationIds = continuationIds[1..];
        }
        else
        {
            var trimmed = PythonText.TrimEnd(context);
            continuation = context[trimmed.Length..] + continuation;
            contextIds = Encode(trimmed);
            var whole = Encode(trimmed + continuation);
            continuationIds = whole[Math.Min(contextIds.Length, whole.Length)..];
        }
        if (contextIds.Length == 0) throw new EvaluationException("the context of a continuation is white space only: give it a question");
        if (continuationIds.Length == 0)
            throw new EvaluationException($"the continuation \"{continuation}\" has no token of its own: it merges into the context's last token");
        return (contextIds, continuationIds);
    }
}
