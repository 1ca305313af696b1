using System.Text.Json.Nodes;

namespace AlpacaCot.Inference;

/// <summary>What result files say of how answers were decoded.</summary>
public static class DecodingDescription
{
    /// <summary>
    /// The settings that act, by their keys in transformers' <c>generate</c>; without those that every request has (sampled or not, temperature, lengths, stop strings, seed).
    /// </summary>
    public static IEnumerable<KeyValuePair<string, JsonNode?>> Describe(this DecodingSettings settings)
    {
        var sampled = settings.Strategy == DecodingStrategy.Sample;
        (string Key, JsonNode? Value, bool Acts)[] all =
        [
            ("num_beams", settings.NumBeams, settings.NumBeams > 1),
            ("length_penalty", settings.LengthPenalty, settings.NumBeams > 1),
            ("early_stopping", settings.EarlyStopping == EarlyStopping.Never ? "never" : settings.EarlyStopping == EarlyStopping.WhenFull, settings.NumBeams > 1),
            ("renormalize_logits", settings.RenormalizeLogits, settings.NumBeams > 1 && settings.RenormalizeLogits),
            ("top_h", settings.TopH, sampled && settings.TopH < 1),
            ("min_p", settings.MinP, sampled && settings.MinP > 0),
            ("typical_p", settings.TypicalP, sampled && settings.TypicalP < 1),
            ("epsilon_cutoff", settings.EpsilonCutoff, sampled && settings.EpsilonCutoff > 0),
            ("eta_cutoff", settings.EtaCutoff, sampled && settings.EtaCutoff > 0),
            ("repetition_penalty", settings.RepetitionPenalty, settings.RepetitionPenalty != 1),
            ("no_repeat_ngram_size", settings.NoRepeatNgramSize, settings.NoRepeatNgramSize > 0),
            ("bad_words_ids", new JsonArray([.. settings.BadWordsIds.Select(Ids)]), settings.BadWordsIds.Count > 0),
            ("sequence_bias", new JsonArray([.. settings.SequenceBias.Select(bias => new JsonArray(Ids(bias.Ids), bias.Bias))]), settings.SequenceBias.Count > 0),
            ("suppress_tokens", Ids(settings.SuppressTokens), settings.SuppressTokens.Count > 0),
            ("begin_suppress_tokens", Ids(settings.BeginSuppressTokens), settings.BeginSuppressTokens.Count > 0),
            ("exponential_decay_length_penalty", settings.ExponentialDecay is { } decay ? new JsonArray(decay.Start, decay.Factor) : null, settings.ExponentialDecay is not null),
            ("forced_eos_token_id", Ids(settings.ForcedEosTokenIds), settings.ForcedEosTokenIds.Count > 0),
            ("remove_invalid_values", settings.RemoveInvalidValues, settings.RemoveInvalidValues),
            ("min_new_tokens", settings.MinNewTokens, settings.MinNewTokens > 0),
            ("min_length", settings.MinLength, settings.MinLength > 0),
            ("eos_token_id", Ids(settings.StopTokenIds), settings.StopTokenIds.Count > 0),
        ];
        return all.Where(setting => setting.Acts).Select(setting => KeyValuePair.Create(setting.Key, setting.Value));
    }

    private static JsonArray Ids(IReadOnlyList<int> ids) => new([.. ids.Select(id => JsonValue.Create(id))]);
}
