using System.Text.Json;
using AlpacaCot.Inference.Sampling;

namespace AlpacaCot.Inference.Tests;

/// <summary>The reference's settings of a generation, as ours.</summary>
internal static class GoldenDecoding
{
    private static readonly string[] _known =
    [
        "do_sample", "temperature", "top_k", "top_p", "top_h", "min_p", "typical_p", "epsilon_cutoff", "eta_cutoff", "repetition_penalty", "no_repeat_ngram_size", "bad_words_ids",
        "sequence_bias", "min_length", "min_new_tokens", "max_new_tokens", "forced_eos_token_id", "suppress_tokens", "begin_suppress_tokens", "exponential_decay_length_penalty",
        "remove_invalid_values", "renormalize_logits", "num_beams", "num_return_sequences", "length_penalty", "early_stopping", "eos_token_id", "stop_strings",
    ];

    /// <summary>Whether all settings are known.</summary>
    public static bool Known(JsonElement settings) => settings.EnumerateObject().All(s => _known.Contains(s.Name));

    /// <summary>Settings of <c>generate</c>.</summary>
    public static DecodingSettings Read(JsonElement settings, int maxNewTokens)
    {
        var sample = Flag(settings, "do_sample");
        double Number(string key, double otherwise) => settings.TryGetProperty(key, out var v) ? v.GetDouble() : otherwise;
        return new DecodingSettings
        {
            Strategy = sample ? DecodingStrategy.Sample : DecodingStrategy.Greedy,
            NumBeams = (int)Number("num_beams", 1),
            NumReturnSequences = (int)Number("num_return_sequences", 1),
            LengthPenalty = Number("length_penalty", 1),
            EarlyStopping = !settings.TryGetProperty("early_stopping", out var early) || early.ValueKind == JsonValueKind.False ? EarlyStopping.WhenWorse
                : early.ValueKind == JsonValueKind.True ? EarlyStopping.WhenFull : EarlyStopping.Never,
            Temperature = Number("temperature", 1),
            // The reference's default.
            TopK = (int)Number("top_k", sample ? 50 : 0),
            TopP = Number("top_p", 1),
            TopH = Number("top_h", 1),
            MinP = Number("min_p", 0),
            TypicalP = Number("typical_p", 1),
            EpsilonCutoff = Number("epsilon_cutoff", 0),
            EtaCutoff = Number("eta_cutoff", 0),
            RepetitionPenalty = Number("repetition_penalty", 1),
            NoRepeatNgramSize = (int)Number("no_repeat_ngram_size", 0),
            BadWordsIds = settings.TryGetProperty("bad_words_ids", out var words) ? [.. words.EnumerateArray().Select(Ints)] : [],
            SequenceBias = settings.TryGetProperty("sequence_bias", out var biases) ? [.. biases.EnumerateArray().Select(b => new SequenceBias(Ints(b[0]), b[1].GetDouble()))] : [],
            SuppressTokens = Ints(settings, "suppress_tokens"),
            BeginSuppressTokens = Ints(settings, "begin_suppress_tokens"),
            ExponentialDecay = settings.TryGetProperty("exponential_decay_length_penalty", out var decay) ? new ExponentialDecay(decay[0].GetInt32(), decay[1].GetDouble()) : null,
            ForcedEosTokenIds = Ints(settings, "forced_eos_token_id"),
            RemoveInvalidValues = Flag(settings, "remove_invalid_values"),
            RenormalizeLogits = Flag(settings, "renormalize_logits"),
            MaxNewTokens = maxNewTokens,
            MinNewTokens = (int)Number("min_new_tokens", 0),
            MinLength = (int)Number("min_length", 0),
            StopTokenIds = Ints(settings, "eos_token_id"),
            StopStrings = settings.TryGetProperty("stop_strings", out var stops) ? [.. stops.EnumerateArray().Select(x => x.GetString()!)] : [],
        };
    }

    /// <summary>A pipeline of one processor of the reference, and the part of the context that it sees; null where it is not known.</summary>
    public static (LogitsPipeline Pipeline, Func<int, int[], int[]> Context)? Processor(JsonElement processor)
    {
        var arguments = processor.GetProperty("arguments");
        double Number(string key) => arguments.GetProperty(key).GetDouble();
        int[] ends = Ints(arguments, "eos_token_id");
        int prompt = 0, limit = int.MaxValue;
        Func<int, int[], int[]> context = (_, ids) => ids;
        var settings = new DecodingSettings { MaxNewTokens = int.MaxValue };
        if (arguments.TryGetProperty("min_tokens_to_keep", out var keep))
            // With beams a token more than there are ends is kept.
            (settings, ends) = (settings with { NumBeams = 2 }, [.. Enumerable.Range(0, keep.GetInt32() - 1)]);
        var sample = settings with { Strategy = DecodingStrategy.Sample };
        switch (processor.GetProperty("class").GetString())
        {
            case "TemperatureLogitsWarper": settings = sample with { Temperature = Number("temperature") }; break;
            case "TopKLogitsWarper": settings = sample with { TopK = (int)Number("top_k") }; break;
            case "TopPLogitsWarper": settings = sample with { TopP = Number("top_p") }; break;
            case "TopHLogitsWarper": settings = sample with { TopH = Number("top_h") }; break;
            case "MinPLogitsWarper": settings = sample with { MinP = Number("min_p") }; break;
            case "TypicalLogitsWarper": settings = sample with { TypicalP = Number("mass") }; break;
            case "EpsilonLogitsWarper": settings = sample with { EpsilonCutoff = Number("epsilon") }; break;
            case "EtaLogitsWarper": settings = sample with { EtaCutoff = Number("epsilon") }; break;
            case "RepetitionPenaltyLogitsProcessor":
                settings = settings with { RepetitionPenalty = Number("penalty") };
                if (arguments.TryGetProperty("prompt_ignore_length", out var ignored))
                    context = (row, ids) => ids[(ignored.ValueKind == JsonValueKind.Array ? ignored[row].GetInt32() : ignored.GetInt32())..];
                break;
            case "NoRepeatNGramLogitsProcessor": settings = settings with { NoRepeatNgramSize = (int)Number("ngram_size") }; break;
            case "NoBadWordsLogitsProcessor": settings = settings with { BadWordsIds = [.. arguments.GetProperty("bad_words_ids").EnumerateArray().Select(Ints)] }; break;
            case "SequenceBiasLogitsProcessor":
                settings = settings with { SequenceBias = [.. arguments.GetProperty("sequence_bias").EnumerateArray().Select(b => new SequenceBias(Ints(b[0]), b[1].GetDouble()))] };
                break;
            case "MinLengthLogitsProcessor": settings = settings with { MinLength = (int)Number("min_length") }; break;
            case "MinNewTokensLengthLogitsProcessor": (settings, prompt) = (settings with { MinNewTokens = (int)Number("min_new_tokens") }, (int)Number("prompt_length_to_skip")); break;
            case "SuppressTokensLogitsProcessor": settings = settings with { SuppressTokens = Ints(arguments, "suppress_tokens") }; break;
            case "SuppressTokensAtBeginLogitsProcessor":
                (settings, prompt) = (settings with { BeginSuppressTokens = Ints(arguments, "begin_suppress_tokens") }, (int)Number("begin_index"));
                break;
            case "ForcedEOSTokenLogitsProcessor": (settings, limit) = (settings with { ForcedEosTokenIds = ends }, (int)Number("max_length")); break;
            case "ExponentialDecayLengthPenalty":
                var decay = arguments.GetProperty("exponential_decay_length_penalty");
                (settings, prompt) = (settings with { ExponentialDecay = new ExponentialDecay(decay[0].GetInt32(), decay[1].GetDouble()) }, (int)Number("input_ids_seq_length"));
                break;
            case "InfNanRemoveLogitsProcessor": settings = settings with { RemoveInvalidValues = true }; break;
            case "LogitNormalization": settings = settings with { RenormalizeLogits = true }; break;
            default: return null;
        }
        return (new LogitsPipeline(settings, ends, prompt, limit), context);
    }

    public static int[] Ints(JsonElement array) => array.ValueKind == JsonValueKind.Array ? [.. array.EnumerateArray().Select(v => v.GetInt32())] : [array.GetInt32()];

    private static int[] Ints(JsonElement settings, string key) => settings.TryGetProperty(key, out var value) && value.ValueKind != JsonValueKind.Null ? Ints(value) : [];

    private static bool Flag(JsonElement settings, string key) => settings.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.True;
}
