using System.Diagnostics;
using AlpacaCot.Tokenizers;
using AlpacaCot.Models;

namespace AlpacaCot.Inference;

/// <summary>A figure of the decode benchmark.</summary>
/// <param name="Batch">Sequences decoded together.</param>
/// <param name="NewTokens">New tokens in all.</param>
/// <param name="Seconds">Time from the first request to the last token, prompts included.</param>
/// <param name="TokensPerSecond">New tokens per second, all sequences together.</param>
public sealed record DecodeFigure(int Batch, int NewTokens, double Seconds, double TokensPerSecond);

/// <summary>Measures greedy decoding through the engine, scheduler and sampler included.</summary>
public static class DecodeBenchmark
{
    /// <summary>Decodes batches of the given sizes: each sequence has a prompt of <paramref name="promptTokens"/> ids and as many new tokens as asked for.</summary>
    public static IReadOnlyList<DecodeFigure> Run(
        Decoder decoder, ITokenizer tokenizer, IReadOnlyList<int> batches, int promptTokens = 32, int newTokens = 64, IAdapterHooks? bank = null, int member = -1)
    {
        using var engine = new InferenceEngine(decoder, tokenizer, bank);
        var decoding = new DecodingSettings { MaxNewTokens = newTokens, IgnoreEos = true };
        GenerationRequest Request(int i) => new($"bench-{i}",
            [.. Enumerable.Range(0, promptTokens).Select(t => (int)(1 + (t * 7919L + i * 104729L) % (decoder.Config.VocabularySize - 1)))], member, decoding);
        // The first pass pays for memory that the later ones find in place.
        engine.Generate([Request(0) with { Decoding = decoding with { MaxNewTokens = Math.Min(8, newTokens) } }]);
        var figures = new List<DecodeFigure>();
        foreach (var batch in batches)
        {
            var clock = Stopwatch.StartNew();
            var total = engine.Generate([.. Enumerable.Range(0, batch).Select(Request)]).Sum(g => g.Ids.Count);
            figures.Add(new DecodeFigure(batch, total, clock.Elapsed.TotalSeconds, total / clock.Elapsed.TotalSeconds));
        }
        return figures;
    }
}
