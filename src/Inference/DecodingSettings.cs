namespace AlpacaCot.Inference;

/// <summary>How the next token is chosen.</summary>
public enum DecodingStrategy
{
    /// <summary>The most likely token; the smaller id wins a tie.</summary>
    Greedy,

    /// <summary>A draw from the distribution that the settings for sampling leave.</summary>
    Sample,
}

/// <summary>When a beam search stops looking for better answers.</summary>
public enum EarlyStopping
{
    /// <summary>When the best running beam, scored at its present length, is no better than the worst of the finished ones.</summary>
    WhenWorse,

    /// <summary>As soon as there are as many finished beams as there are beams.</summary>
    WhenFull,

    /// <summary>When no running beam can become better than the worst finished one, however long it grows.</summary>
    Never,
}

/// <summary>A bias on the last token of a sequence where the tokens before it stand at the end of the text.</summary>
/// <param name="Ids">The sequence; at least one id.</param>
/// <param name="Bias">Added to the score of its last token.</param>
public sealed record SequenceBias(IReadOnlyList<int> Ids, double Bias);

/// <summary>Makes the end of the text more likely the longer the answer is: after <paramref name="Start"/> new tokens the end's score s grows by |s|·(factor^(tokens beyond it) − 1).</summary>
/// <param name="Start">New tokens after which it begins.</param>
/// <param name="Factor">Grows it where above 1.</param>
public sealed record ExponentialDecay(int Start, double Factor);

/// <summary>
/// How a continuation is decoded; names, order and arithmetic of transformers' <c>generate</c>. The defaults are greedy decoding of 128 new tokens.
/// </summary>
public sealed record DecodingSettings
{
    /// <summary>Most answers of one request: as many as beams can be asked for; each is a row of the batch.</summary>
    public const int MostAnswers = 1024;

    /// <summary>Greedy or sampled.</summary>
    public DecodingStrategy Strategy { get; init; } = DecodingStrategy.Greedy;

    /// <summary>Beams that are kept at each step; 1 is no beam search. With <see cref="DecodingStrategy.Sample"/> the beams are drawn, without replacement, instead of the best ones taken.</summary>
    public int NumBeams { get; init; } = 1;

    /// <summary>A beam's score is the sum of its log-probabilities / (new tokens)^this: above 0 favours long answers.</summary>
    public double LengthPenalty { get; init; } = 1.0;

    /// <summary>When the beams stop.</summary>
    public EarlyStopping EarlyStopping { get; init; } = EarlyStopping.WhenWorse;

    /// <summary>Answers to one prompt: so many draws, or the best so many beams.</summary>
    public int NumReturnSequences { get; init; } = 1;

    /// <summary>Divides the logits before sampling; greater than 0.</summary>
    public double Temperature { get; init; } = 1.0;

    /// <summary>Keep the most likely tokens while their part of the entropy is at most this; 1 is off. Potraghloo et al., 2025.</summary>
    public double TopH { get; init; } = 1.0;

    /// <summary>Keep the k most likely tokens (all that tie with the k-th); 0 keeps all.</summary>
    public int TopK { get; init; }

    /// <summary>Keep the smallest set of likely tokens whose mass reaches p (the token that crosses p stays); 1 keeps all. Holtzman et al., 2020.</summary>
    public double TopP { get; init; } = 1.0;

    /// <summary>Keep tokens at least this times as likely as the likeliest; 0 keeps all. Nguyen et al., 2024.</summary>
    public double MinP { get; init; }

    /// <summary>Keep the tokens whose surprise is nearest to the expected one until their mass reaches this; 1 keeps all. Meister et al., 2023.</summary>
    public double TypicalP { get; init; } = 1.0;

    /// <summary>Remove tokens less likely than this; 0 keeps all. Hewitt et al., 2022.</summary>
    public double EpsilonCutoff { get; init; }

    /// <summary>Remove tokens less likely than min(η, √η · e^(−entropy)); 0 keeps all. Hewitt et al., 2022.</summary>
    public double EtaCutoff { get; init; }

    /// <summary>Divides positive and multiplies negative scores of tokens seen before (prompt included); 1 is off. Keskar et al., 2019.</summary>
    public double RepetitionPenalty { get; init; } = 1.0;

    /// <summary>No run of so many tokens occurs twice (prompt included); 0 is off. Paulus et al., 2017.</summary>
    public int NoRepeatNgramSize { get; init; }

    /// <summary>Sequences of tokens that must not be written.</summary>
    public IReadOnlyList<IReadOnlyList<int>> BadWordsIds { get; init; } = [];

    /// <summary>Biases on sequences of tokens.</summary>
    public IReadOnlyList<SequenceBias> SequenceBias { get; init; } = [];

    /// <summary>Tokens that are never written.</summary>
    public IReadOnlyList<int> SuppressTokens { get; init; } = [];

    /// <summary>Tokens that an answer does not begin with.</summary>
    public IReadOnlyList<int> BeginSuppressTokens { get; init; } = [];

    /// <summary>Makes the end more likely in long answers; null is off.</summary>
    public ExponentialDecay? ExponentialDecay { get; init; }

    /// <summary>Tokens one of which is the last where an answer reaches its limit.</summary>
    public IReadOnlyList<int> ForcedEosTokenIds { get; init; } = [];

    /// <summary>Replaces NaN by 0 and infinities by the type's limits; otherwise logits that are no numbers end the request with an error.</summary>
    public bool RemoveInvalidValues { get; init; }

    /// <summary>Normalises what the settings leave, so that log-probabilities of beams are those of a distribution.</summary>
    public bool RenormalizeLogits { get; init; }

    /// <summary>Seed of this request's own generator: equal seeds give equal tokens whatever else runs.</summary>
    public long Seed { get; init; }

    /// <summary>Most tokens to generate.</summary>
    public int MaxNewTokens { get; init; } = 128;

    /// <summary>An answer does not end before it has so many tokens.</summary>
    public int MinNewTokens { get; init; }

    /// <summary>An answer does not end before prompt and answer together have so many tokens.</summary>
    public int MinLength { get; init; }

    /// <summary>Further token ids that end the answer, beside the tokenizer's end of sequence and the model's (<c>eos_token_id</c>, one or a list). The ending token is part of the ids, not of the text.</summary>
    public IReadOnlyList<int> StopTokenIds { get; init; } = [];

    /// <summary>Texts that end the answer wherever they appear in it, also across tokens; they are not part of the answer's text.</summary>
    public IReadOnlyList<string> StopStrings { get; init; } = [];

    /// <summary>Goes on after the end of sequence (benchmarks, golden runs).</summary>
    public bool IgnoreEos { get; init; }

    /// <summary>Log-probabilities that are told with each token: null none, 0 the token's own, n also those of the n most likely ones.</summary>
    public int? Logprobs { get; init; }

    /// <summary>All that is wrong with the settings, one line each; empty where they can be used.</summary>
    public IReadOnlyList<string> Validate()
    {
        var errors = new List<string>();
        void Check(bool right, string error)
        {
            if (!right) errors.Add(error);
        }
        Check(Temperature > 0 && !double.IsInfinity(Temperature), $"temperature {Temperature} must be greater than 0; use strategy greedy for 0");
        Check(TopK >= 0, $"top_k {TopK} must be 0 (off) or more");
        Check(TopP is > 0 and <= 1, $"top_p {TopP} must be in (0, 1]");
        Check(TopH is > 0 and <= 1, $"top_h {TopH} must be in (0, 1]");
        Check(MinP is >= 0 and <= 1, $"min_p {MinP} must be in [0, 1]");
        Check(TypicalP is > 0 and <= 1, $"typical_p {TypicalP} must be in (0, 1]");
        Check(EpsilonCutoff is >= 0 and < 1, $"epsilon_cutoff {EpsilonCutoff} must be in [0, 1)");
        Check(EtaCutoff is >= 0 and < 1, $"eta_cutoff {EtaCutoff} must be in [0, 1)");
        Check(RepetitionPenalty > 0, $"repetition_penalty {RepetitionPenalty} must be greater than 0");
        Check(NoRepeatNgramSize >= 0, $"no_repeat_ngram_size {NoRepeatNgramSize} must be 0 (off) or more");
        Check(ExponentialDecay is null or { Start: >= 0, Factor: > 0 }, $"exponential decay {ExponentialDecay} must begin at 0 or later, by a factor greater than 0");
        Check(MaxNewTokens >= 1, $"max_new_tokens {MaxNewTokens} must be 1 or more");
        Check(MinNewTokens >= 0 && MinNewTokens <= MaxNewTokens, $"min_new_tokens {MinNewTokens} must be from 0 to max_new_tokens ({MaxNewTokens})");
        Check(MinLength >= 0, $"min_length {MinLength} must be 0 (off) or more");
        Check(NumBeams >= 1, $"num_beams {NumBeams} must be 1 or more");
        Check(NumReturnSequences is >= 1 and <= MostAnswers, $"num_return_sequences {NumReturnSequences} must be from 1 to {MostAnswers}");
        Check(NumBeams == 1 || NumReturnSequences <= NumBeams, $"num_return_sequences {NumReturnSequences} is more than there are beams ({NumBeams})");
        Check(NumBeams > 1 || NumReturnSequences == 1 || Strategy == DecodingStrategy.Sample, $"num_return_sequences {NumReturnSequences}: greedy decoding gives one answer; sample, or use beams");
        Check(Logprobs is null or >= 0, $"logprobs {Logprobs} must be 0 or more");
        Check(double.IsFinite(LengthPenalty), $"length_penalty {LengthPenalty} must be a number");
        Check(!StopStrings.Any(string.IsNullOrEmpty), "a stop string is empty");
        Check(BadWordsIds.All(ids => ids.Count > 0) && SequenceBias.All(bias => bias.Ids.Count > 0), "a sequence of tokens to avoid or to bias is empty");
        return errors;
    }

    /// <summary>All token ids that the settings name.</summary>
    internal IEnumerable<int> NamedIds
        => [.. StopTokenIds, .. SuppressTokens, .. BeginSuppressTokens, .. ForcedEosTokenIds, .. BadWordsIds.SelectMany(ids => ids), .. SequenceBias.SelectMany(bias => bias.Ids)];
}
