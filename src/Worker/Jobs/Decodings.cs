using System.Globalization;
using AlpacaCot.Inference;
using AlpacaCot.Specs;
using AlpacaCot.Tokenizers;

namespace AlpacaCot.Worker.Jobs;

/// <summary>How a spec's answers are decoded, as the engine's settings of one request.</summary>
internal static class Decodings
{
    /// <summary>The settings of a request with a seed of its own.</summary>
    /// <param name="decoding">The spec.</param>
    /// <param name="tokenizer">Of the model that is asked: it knows the ids of texts and tokens.</param>
    /// <param name="seed">The request's seed.</param>
    /// <exception cref="InferenceException">The tokenizer has no such token.</exception>
    public static DecodingSettings Of(DecodingSpec decoding, ITokenizer tokenizer, long seed = 0) => new()
    {
        Strategy = decoding.Strategy == DecodingSpec.Sample ? DecodingStrategy.Sample : DecodingStrategy.Greedy,
        NumBeams = decoding.NumBeams,
        LengthPenalty = decoding.LengthPenalty,
        EarlyStopping = decoding.EarlyStopping switch { "true" => EarlyStopping.WhenFull, "never" => EarlyStopping.Never, _ => EarlyStopping.WhenWorse },
        Temperature = decoding.Temperature,
        TopH = decoding.TopH,
        TopK = decoding.TopK,
        TopP = decoding.TopP,
        MinP = decoding.MinP,
        TypicalP = decoding.TypicalP,
        EpsilonCutoff = decoding.EpsilonCutoff,
        EtaCutoff = decoding.EtaCutoff,
        RepetitionPenalty = decoding.RepetitionPenalty,
        NoRepeatNgramSize = decoding.NoRepeatNgramSize,
        BadWordsIds = [.. decoding.BadWords.SelectMany(word => Sequences(word, tokenizer))],
        SequenceBias = [.. decoding.SequenceBias.SelectMany(bias => Sequences(bias.Key, tokenizer).Select(ids => new SequenceBias(ids, bias.Value)))],
        SuppressTokens = Tokens("suppress_tokens", decoding.SuppressTokens, tokenizer),
        BeginSuppressTokens = Tokens("begin_suppress_tokens", decoding.BeginSuppressTokens, tokenizer),
        ExponentialDecay = decoding.ExponentialDecayLengthPenalty is [var start, var factor] ? new ExponentialDecay((int)start, factor) : null,
        ForcedEosTokenIds = Tokens("forced_eos", decoding.ForcedEos, tokenizer),
        RemoveInvalidValues = decoding.RemoveInvalidValues,
        RenormalizeLogits = decoding.RenormalizeLogits,
        MaxNewTokens = decoding.MaxNewTokens,
        MinNewTokens = decoding.MinNewTokens,
        MinLength = decoding.MinLength,
        StopStrings = [.. decoding.Stop],
        StopTokenIds = Tokens("stop_tokens", decoding.StopTokens, tokenizer),
        Seed = seed,
    };

    /// <summary>How an answer may write a text: within a word, and as one of its own.</summary>
    private static IEnumerable<int[]> Sequences(string text, ITokenizer tokenizer)
    {
        var within = tokenizer.Encode(text, new EncodeOptions(Continuation: true));
        var apart = tokenizer.Encode(" " + text, new EncodeOptions(Continuation: true));
        return within.SequenceEqual(apart) ? [within] : [within, apart];
    }

    private static int[] Tokens(string key, IReadOnlyList<string> tokens, ITokenizer tokenizer) => [.. tokens.Select(token =>
        int.TryParse(token, NumberStyles.None, CultureInfo.InvariantCulture, out var id) && id < tokenizer.VocabularySize ? id
            : tokenizer.Find(token) ?? throw new InferenceException($"{key}: the tokenizer has no token {token} (ids are below {tokenizer.VocabularySize})"))];
}
