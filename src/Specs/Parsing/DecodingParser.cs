namespace AlpacaCot.Specs.Parsing;

/// <summary>Reads the section <c>decoding</c>.</summary>
internal static class DecodingParser
{
    private static readonly Dictionary<string, string> _notBuilt = new(StringComparer.Ordinal) { ["contrastive"] = "" };

    /// <summary>Keys that only sampling acts on.</summary>
    public static IReadOnlyList<string> SamplingKeys { get; } = ["temperature", "top_h", "top_k", "top_p", "min_p", "typical_p", "epsilon_cutoff", "eta_cutoff"];

    /// <summary>Keys that only several beams act on.</summary>
    public static IReadOnlyList<string> BeamKeys { get; } = ["length_penalty", "early_stopping", "renormalize_logits"];

    /// <summary>Keys that take several values.</summary>
    public static IReadOnlyList<string> ListKeys { get; } = ["bad_words", "suppress_tokens", "begin_suppress_tokens", "exponential_decay_length_penalty", "forced_eos", "stop", "stop_tokens"];

    /// <summary>The keys of <c>decoding</c>, each declared once.</summary>
    public static IReadOnlyList<Setting<DecodingSpec>> Settings { get; } =
    [
        new("strategy", "greedy or sample", Strategy),
        new("max_new_tokens", "Most new tokens", (r, d) => d with { MaxNewTokens = r.Integer("max_new_tokens", 1, 1_048_576) ?? d.MaxNewTokens }),
        new("min_new_tokens", "No end before so many new tokens", (r, d) => d with { MinNewTokens = r.Integer("min_new_tokens", 0, 1_048_576) ?? d.MinNewTokens }),
        new("min_length", "No end before prompt and answer have so many tokens together", (r, d) => d with { MinLength = r.Integer("min_length", 0, 1_048_576) ?? d.MinLength }),
        new("num_beams", "Beam search with so many beams; with a temperature they are drawn", (r, d) => d with { NumBeams = r.Integer("num_beams", 1, 1024) ?? d.NumBeams }),
        new("length_penalty", "Divide a beam's score by (new tokens)^this", (r, d) => d with { LengthPenalty = r.Number("length_penalty", -100, 100) ?? d.LengthPenalty }),
        new("early_stopping", "Stop beams when the best running one is worse than the finished (false), when enough have finished (true), or when none can become better (never)",
            (r, d) => d with { EarlyStopping = r.Choice("early_stopping", DecodingSpec.EarlyStoppings) ?? d.EarlyStopping }),
        new("temperature", "Sample at this temperature", (r, d) => d with { Temperature = r.Number("temperature", 0, 100, above: true) ?? d.Temperature }),
        new("top_h", "Keep the most likely tokens that hold this part of the entropy", (r, d) => d with { TopH = r.Number("top_h", 0, 1, above: true) ?? d.TopH }),
        new("top_k", "Keep the k most likely tokens; 0 keeps all", (r, d) => d with { TopK = r.Integer("top_k", 0) ?? d.TopK }),
        new("top_p", "Keep the smallest set of tokens of this mass", (r, d) => d with { TopP = r.Number("top_p", 0, 1, above: true) ?? d.TopP }),
        new("min_p", "Keep tokens at least this times as likely as the likeliest", (r, d) => d with { MinP = r.Number("min_p", 0, 1) ?? d.MinP }),
        new("typical_p", "Keep the tokens nearest to the expected surprise that have this mass", (r, d) => d with { TypicalP = r.Number("typical_p", 0, 1, above: true) ?? d.TypicalP }),
        new("epsilon_cutoff", "Remove tokens less likely than this", (r, d) => d with { EpsilonCutoff = r.Number("epsilon_cutoff", 0, 0.999) ?? d.EpsilonCutoff }),
        new("eta_cutoff", "Remove tokens less likely than this, or less where the distribution is flat", (r, d) => d with { EtaCutoff = r.Number("eta_cutoff", 0, 0.999) ?? d.EtaCutoff }),
        new("repetition_penalty", "Divide the logits of tokens already seen; 1 is off", (r, d) => d with { RepetitionPenalty = r.Number("repetition_penalty", 0, 100, above: true) ?? d.RepetitionPenalty }),
        new("no_repeat_ngram_size", "No run of so many tokens twice; 0 is off", (r, d) => d with { NoRepeatNgramSize = r.Integer("no_repeat_ngram_size", 0, 1_048_576) ?? d.NoRepeatNgramSize }),
        new("exponential_decay_length_penalty", "START FACTOR: after START new tokens the end becomes more likely with each, by FACTOR", Decay),
        new("bad_words", "Texts that are not written", (r, d) => d with { BadWords = r.Texts("bad_words") ?? d.BadWords }),
        new("sequence_bias", "Added to the score of a text's last token: { maybe: -2 }", (r, d) => d with { SequenceBias = r.Numbers("sequence_bias", -10_000, 10_000) ?? d.SequenceBias }),
        new("suppress_tokens", "Tokens, by text or id, that are not written", (r, d) => d with { SuppressTokens = r.Texts("suppress_tokens") ?? d.SuppressTokens }),
        new("begin_suppress_tokens", "Tokens, by text or id, that no answer begins with", (r, d) => d with { BeginSuppressTokens = r.Texts("begin_suppress_tokens") ?? d.BeginSuppressTokens }),
        new("forced_eos", "Tokens, by text or id, one of which ends an answer at the limit", (r, d) => d with { ForcedEos = r.Texts("forced_eos") ?? d.ForcedEos }),
        new("remove_invalid_values", "Replace NaN and infinities among the logits instead of failing", (r, d) => d with { RemoveInvalidValues = r.Flag("remove_invalid_values") ?? d.RemoveInvalidValues }),
        new("renormalize_logits", "Make the scores of beams log-probabilities again after all cuts", (r, d) => d with { RenormalizeLogits = r.Flag("renormalize_logits") ?? d.RenormalizeLogits }),
        new("stop", "Texts that end the answer", (r, d) => d with { Stop = r.Texts("stop") ?? d.Stop }),
        new("stop_tokens", "Tokens, by text or id, that end the answer", (r, d) => d with { StopTokens = r.Texts("stop_tokens") ?? d.StopTokens }),
    ];

    /// <summary>Reads the section <c>decoding</c>.</summary>
    public static DecodingSpec Decoding(MapReader reader)
    {
        var decoding = Settings.Aggregate(new DecodingSpec(), (spec, setting) => setting.Read(reader, spec));
        reader.Finish();
        if (decoding.Strategy == DecodingSpec.Greedy)
            foreach (var key in SamplingKeys.Where(reader.Has)) reader.Error(key, "has no effect on greedy decoding", "write strategy: sample, or remove it");
        Check(reader, decoding, "write num_beams: 4, or remove it");
        return decoding;
    }

    /// <summary>What is wrong with keys together, wherever they are written.</summary>
    public static void Check(MapReader reader, DecodingSpec decoding, string beamsFix)
    {
        if (decoding.NumBeams == 1)
            foreach (var key in BeamKeys.Where(reader.Has)) reader.Error(key, "has no effect without several beams", beamsFix);
        if (decoding.MinNewTokens > decoding.MaxNewTokens)
            reader.Error("min_new_tokens", $"is {decoding.MinNewTokens}, above max_new_tokens ({decoding.MaxNewTokens})", "raise max_new_tokens, or lower it");
    }

    private static DecodingSpec Strategy(MapReader reader, DecodingSpec decoding)
    {
        if (reader.Node("strategy") is YamlScalar { Value: "beam" or "beams" or "beam_search" } beams)
        {
            reader.Error("strategy", $"'{beams.Value}' is not known: beams are kept or drawn by either strategy", "write num_beams: 4");
            return decoding;
        }
        return decoding with { Strategy = reader.Choice("strategy", DecodingSpec.Strategies, _notBuilt) ?? decoding.Strategy };
    }

    private static DecodingSpec Decay(MapReader reader, DecodingSpec decoding)
    {
        const string key = "exponential_decay_length_penalty";
        if (!reader.Has(key))
        {
            _ = reader.Node(key);
            return decoding;
        }
        var numbers = new List<double>();
        foreach (var (node, _) in reader.Items(key))
            if (node is YamlScalar { Plain: true } scalar && Scalars.TryNumber(scalar.Value, out var number)) numbers.Add(number);
        if (numbers is [var start, > 0 and <= 100] && start >= 0 && start <= 1_048_576 && start == Math.Floor(start)) return decoding with { ExponentialDecayLengthPenalty = numbers };
        reader.Error(key, "must be two numbers: the new tokens after which it begins, and a factor above 0 and at most 100", "write [64, 1.05]");
        return decoding;
    }
}
