namespace AlpacaCot.Inference;

/// <summary>How the next token is chosen.</summary>
public enum DecodingStrategy
{
    /// <summary>The most likely token; the smaller id wins a tie.</summary>
    Greedy,

    /// <summary>A draw from the distribution after temperature, top-k and top-p.</summary>
    Sample,
}

/// <summary>How a continuation is decoded. The defaults are greedy decoding of 128 new tokens.</summary>
public sealed record DecodingSettings
{
    /// <summary>Greedy or sampled.</summary>
    public DecodingStrategy Strategy { get; init; } = DecodingStrategy.Greedy;

    /// <summary>Divides the logits before sampling; greater than 0.</summary>
    public double Temperature { get; init; } = 1.0;

    /// <summary>Keep the k most likely tokens (all that tie with the k-th); 0 keeps all.</summary>
    public int TopK { get; init; }

    /// <summary>Keep the smallest set of likely tokens whose mass reaches p (the token that crosses p stays); 1 keeps all. Holtzman et al., 2020.</summary>
    public double TopP { get; init; } = 1.0;

    /// <summary>Divides positive and multiplies negative logits of tokens seen before (prompt included); 1 is off. Keskar et al., 2019.</summary>
    public double RepetitionPenalty { get; init; } = 1.0;

    /// <summary>Seed of this request's own generator: equal seeds give equal tokens whatever else runs.</summary>
    public long Seed { get; init; }

    /// <summary>Most tokens to generate.</summary>
    public int MaxNewTokens { get; init; } = 128;

    /// <summary>Further token ids that end the answer, beside the tokenizer's end of sequence and the model's (<c>eos_token_id</c>, one or a list). The ending token is part of the ids, not of the text.</summary>
    public IReadOnlyList<int> StopTokenIds { get; init; } = [];

    /// <summary>Texts that end the answer wherever they appear in it, also across tokens; they are not part of the answer's text.</summary>
    public IReadOnlyList<string> StopStrings { get; init; } = [];

    /// <summary>Goes on after the end of sequence (benchmarks, golden runs).</summary>
    public bool IgnoreEos { get; init; }

    /// <summary>All that is wrong with the settings, one line each; empty where they can be used.</summary>
    public IReadOnlyList<string> Validate()
    {
        var errors = new List<string>();
        if (!(Temperature > 0) || double.IsInfinity(Temperature)) errors.Add($"temperature {Temperature} must be greater than 0; use strategy greedy for 0");
        if (TopK < 0) errors.Add($"top_k {TopK} must be 0 (off) or more");
        if (!(TopP > 0 && TopP <= 1)) errors.Add($"top_p {TopP} must be in (0, 1]");
        if (!(RepetitionPenalty > 0)) errors.Add($"repetition_penalty {RepetitionPenalty} must be greater than 0");
        if (MaxNewTokens < 1) errors.Add($"max_new_tokens {MaxNewTokens} must be 1 or more");
        if (StopStrings.Any(string.IsNullOrEmpty)) errors.Add("a stop string is empty");
        return errors;
    }
}
