using AlpacaCot.Inference.Sampling;

namespace AlpacaCot.Inference;

/// <summary>A token that was likely at a place.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Logprob">Its log-probability, in nats.</param>
public readonly record struct LikelyToken(int Id, double Logprob);

/// <summary>How likely a written token was, by the scores that it was chosen from: after penalties, cuts and temperature.</summary>
/// <param name="Id">The token.</param>
/// <param name="Logprob">Its log-probability, in nats.</param>
/// <param name="Top">The most likely tokens at its place, the likeliest first.</param>
public sealed record TokenLogprob(int Id, double Logprob, IReadOnlyList<LikelyToken> Top)
{
    /// <summary>From a row of scores.</summary>
    internal static TokenLogprob Of(ReadOnlySpan<float> scores, int id, int most) => Of(scores, id, most, LogitsProcessors.LogSum(scores));

    /// <summary>From a row of scores that are log-probabilities already.</summary>
    internal static TokenLogprob OfNormalized(ReadOnlySpan<float> scores, int id, int most) => Of(scores, id, most, 0);

    private static TokenLogprob Of(ReadOnlySpan<float> scores, int id, int most, double norm)
    {
        var top = new List<LikelyToken>();
        if (most > 0)
            for (var other = 0; other < scores.Length; other++)
            {
                var logprob = scores[other] - norm;
                if (double.IsNegativeInfinity(logprob) || (top.Count == most && logprob <= top[^1].Logprob)) continue;
                var at = top.FindIndex(token => logprob > token.Logprob);
                top.Insert(at < 0 ? top.Count : at, new LikelyToken(other, logprob));
                if (top.Count > most) top.RemoveAt(most);
            }
        return new TokenLogprob(id, scores[id] - norm, top);
    }
}

/// <summary>One answer to a prompt.</summary>
/// <param name="Ids">The new ids, the ending token included.</param>
/// <param name="Text">The answer: decoded without special tokens, cut before the first stop string.</param>
/// <param name="FullText">The decoded new text, a stop string at its end included.</param>
/// <param name="FinishReason">One of <see cref="FinishReasons"/>.</param>
/// <param name="Score">Of a beam: the sum of its log-probabilities / (new tokens)^length_penalty.</param>
/// <param name="Logprobs">One for each id, where they were asked for.</param>
public sealed record Answer(
    IReadOnlyList<int> Ids, string Text, string FullText, string FinishReason, double? Score = null, IReadOnlyList<TokenLogprob>? Logprobs = null);

/// <summary>A finished generation.</summary>
/// <param name="Id">The request's id.</param>
/// <param name="Answers">The answers, the best beam or the first draw first; as many as were asked for, unless a beam search found fewer.</param>
/// <param name="PromptTokens">Tokens of the prompt that were fed.</param>
public sealed record Generation(string Id, IReadOnlyList<Answer> Answers, int PromptTokens)
{
    /// <summary>The first answer's ids.</summary>
    public IReadOnlyList<int> Ids => Answers[0].Ids;

    /// <summary>The first answer's text.</summary>
    public string Text => Answers[0].Text;

    /// <summary>The first answer's text with a stop string at its end.</summary>
    public string FullText => Answers[0].FullText;

    /// <summary>Why the first answer ended.</summary>
    public string FinishReason => Answers[0].FinishReason;
}
