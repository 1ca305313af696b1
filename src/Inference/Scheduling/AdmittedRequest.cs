using AlpacaCot.Tokenizers;

namespace AlpacaCot.Inference.Scheduling;

/// <summary>What a request brings with it and what does not change while it runs.</summary>
/// <param name="Request">The request.</param>
/// <param name="Prompt">The prompt as it is fed, cut where that was asked for.</param>
/// <param name="Window">The model's window in tokens.</param>
/// <param name="Tokenizer">Makes the texts.</param>
/// <param name="OnChunk">Told what a stream may show; null where nobody streams.</param>
/// <param name="OnFinished">Told the end.</param>
/// <param name="OnFailed">Told why there is none.</param>
/// <param name="Cancellation">Ends the request at its next token.</param>
internal sealed record AdmittedRequest(
    GenerationRequest Request, int[] Prompt, int Window, ITokenizer Tokenizer,
    Action<TokenChunk>? OnChunk, Action<Generation> OnFinished, Action<Exception> OnFailed, CancellationToken Cancellation)
{
    /// <summary>Tokens that end an answer.</summary>
    public required IReadOnlySet<int> EndIds { get; init; }

    /// <summary>How to decode.</summary>
    public DecodingSettings Decoding => Request.Decoding;

    /// <summary>New tokens of an answer at most: those asked for, or what fits the window.</summary>
    public int Limit { get; } = Math.Min(Request.Decoding.MaxNewTokens, Window - Prompt.Length);

    /// <summary>Why an answer of these new ids ends with the last of them; null where it goes on.</summary>
    public string? ReasonToEnd(ReadOnlySpan<int> ids)
        => EndIds.Contains(ids[^1]) || StopStrings.Complete(Tokenizer, ids, Decoding.StopStrings) ? FinishReasons.Stop
            : ids.Length >= Limit ? FinishReasons.Length : null;

    /// <summary>The answer that ids make.</summary>
    /// <param name="ids">The new ids, the ending one included.</param>
    /// <param name="reason">Why it ended.</param>
    /// <param name="score">The score of a beam.</param>
    /// <param name="logprobs">The log-probabilities of the ids, where they are wanted.</param>
    public Answer AnswerOf(IReadOnlyList<int> ids, string reason, double? score, IReadOnlyList<TokenLogprob>? logprobs)
    {
        // The token that ends the answer is no part of its text, also where it is no special token.
        int[] own = reason == FinishReasons.Stop && ids.Count > 0 && EndIds.Contains(ids[^1]) ? [.. ids.SkipLast(1)] : [.. ids];
        var full = Tokenizer.Decode(own, skipSpecialTokens: true);
        return new Answer([.. ids], StopStrings.Cut(full, Decoding.StopStrings), full, reason, score, logprobs);
    }
}
