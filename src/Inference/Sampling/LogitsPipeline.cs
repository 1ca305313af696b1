namespace AlpacaCot.Inference.Sampling;

/// <summary>
/// The processors and warpers of one request in transformers' order: sequence bias, repetition penalty, n-grams, bad words, lengths, forced end, invalid values, decay, suppressed
/// tokens; then, only when sampling, temperature, top-h, top-k, top-p, min-p, typical, epsilon, eta; at the end normalisation.
/// </summary>
/// <param name="settings">How to decode.</param>
/// <param name="endIds">Tokens that end an answer.</param>
/// <param name="promptLength">Tokens of the prompt.</param>
/// <param name="maxLength">Tokens of prompt and answer at most.</param>
internal sealed class LogitsPipeline(DecodingSettings settings, IReadOnlyCollection<int> endIds, int promptLength, int maxLength)
{
    // An entry that is just an end of the text would forbid every answer to end; the reference ignores it.
    private readonly IReadOnlyList<IReadOnlyList<int>> _badWords = [.. settings.BadWordsIds.Where(ids => ids.Count > 1 || !endIds.Contains(ids[0]))];

    // Beams go on where all of them could end: besides the ends each keeps another token.
    private readonly int _keep = settings.NumBeams > 1 ? Math.Max(2, endIds.Count + 1) : 1;

    /// <summary>Whether it leaves scores as they are, so that nothing but the largest logit is needed.</summary>
    public bool IsIdentity { get; } = settings.Strategy == DecodingStrategy.Greedy && settings is
    {
        RepetitionPenalty: 1, NoRepeatNgramSize: 0, BadWordsIds.Count: 0, SequenceBias.Count: 0, SuppressTokens.Count: 0, BeginSuppressTokens.Count: 0, ExponentialDecay: null,
        ForcedEosTokenIds.Count: 0, RemoveInvalidValues: false, RenormalizeLogits: false, MinNewTokens: 0, MinLength: 0,
    };

    /// <summary>Processes a row of scores in place.</summary>
    /// <param name="scores">The model's output for the next token.</param>
    /// <param name="context">Prompt and new ids so far.</param>
    public void Process(Span<float> scores, ReadOnlySpan<int> context)
    {
        foreach (var bias in settings.SequenceBias) LogitsProcessors.SequenceBias(scores, context, bias.Ids, bias.Bias);
        if (settings.RepetitionPenalty != 1) LogitsProcessors.RepetitionPenalty(scores, context, settings.RepetitionPenalty);
        if (settings.NoRepeatNgramSize > 0) LogitsProcessors.NoRepeatNgram(scores, context, settings.NoRepeatNgramSize);
        foreach (var word in _badWords) LogitsProcessors.SequenceBias(scores, context, word, double.NegativeInfinity);
        if (context.Length < settings.MinLength || context.Length - promptLength < settings.MinNewTokens) LogitsProcessors.Suppress(scores, endIds);
        if (settings.ForcedEosTokenIds.Count > 0 && context.Length == maxLength - 1) LogitsProcessors.Force(scores, settings.ForcedEosTokenIds);
        if (settings.RemoveInvalidValues) LogitsProcessors.RemoveInvalid(scores);
        if (settings.ExponentialDecay is { } decay) LogitsProcessors.ExponentialDecay(scores, endIds, decay.Factor, context.Length - promptLength - decay.Start);
        LogitsProcessors.Suppress(scores, settings.SuppressTokens);
        if (context.Length == promptLength) LogitsProcessors.Suppress(scores, settings.BeginSuppressTokens);
        if (settings.Strategy == DecodingStrategy.Sample) Warp(scores);
        if (settings.RenormalizeLogits) LogitsProcessors.Normalize(scores);
    }

    private void Warp(Span<float> scores)
    {
        if (settings.Temperature != 1) LogitsWarpers.Temperature(scores, settings.Temperature);
        if (settings.TopH < 1) LogitsWarpers.TopH(scores, settings.TopH);
        if (settings.TopK > 0) LogitsWarpers.TopK(scores, settings.TopK, _keep);
        if (settings.TopP < 1) LogitsWarpers.TopP(scores, settings.TopP, _keep);
        if (settings.MinP > 0) LogitsWarpers.MinP(scores, settings.MinP, _keep);
        if (settings.TypicalP < 1) LogitsWarpers.Typical(scores, settings.TypicalP, _keep);
        if (settings.EpsilonCutoff > 0) LogitsWarpers.Epsilon(scores, settings.EpsilonCutoff, _keep);
        if (settings.EtaCutoff > 0) LogitsWarpers.Eta(scores, settings.EtaCutoff, _keep);
    }
}
