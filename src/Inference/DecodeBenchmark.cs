using System.Diagnostics;
using AlpacaCot.Models;
using AlpacaCot.Tokenizers;

namespace AlpacaCot.Inference;

/// <summary>A figure of the decode benchmark.</summary>
/// <param name="Batch">Sequences decoded together.</param>
/// <param name="NewTokens">New tokens in all.</param>
/// <param name="Seconds">Time from the first request to the last token, prompts included.</param>
/// <param name="TokensPerSecond">New tokens per second, all sequences together.</param>
/// <param name="AllocatedPerToken">Managed bytes allocated per new token, prompts included.</param>
public sealed record DecodeFigure(int Batch, int NewTokens, double Seconds, double TokensPerSecond, long AllocatedPerToken);

/// <summary>Measures greedy decoding through the engine, scheduler and sampler included.</summary>
public static class DecodeBenchmark
{
    // By then the loops run compiled with all optimisations, and memory is there.
    private const int WarmUpTokens = 64;

    /// <summary>Decodes batches of the given sizes: each sequence has a prompt of <paramref name="promptTokens"/> ids and as many new tokens as asked for.</summary>
    /// <param name="decoder">The model.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="batches">Numbers of sequences that are decoded together.</param>
    /// <param name="promptTokens">Ids of a prompt.</param>
    /// <param name="newTokens">New tokens of a sequence.</param>
    /// <param name="bank">Adapters, or none.</param>
    /// <param name="members">How many of them the sequences take in turn.</param>
    public static IReadOnlyList<DecodeFigure> Run(
        Decoder decoder, ITokenizer tokenizer, IReadOnlyList<int> batches, int promptTokens = 32, int newTokens = 256, IAdapterHooks? bank = null, int members = 0)
    {
        using var engine = new InferenceEngine(decoder, tokenizer, bank);
        IReadOnlyList<Generation> Generate(int batch, int tokens) => engine.Generate([.. Enumerable.Range(0, batch).Select(i => new GenerationRequest($"bench-{i}",
            [.. Enumerable.Range(0, promptTokens).Select(t => (int)(1 + (t * 7919L + i * 104729L) % (decoder.Config.VocabularySize - 1)))],
            members > 0 ? i % members : -1, new DecodingSettings { MaxNewTokens = tokens, IgnoreEos = true }))]);
        var figures = new List<DecodeFigure>();
        foreach (var batch in batches)
        {
            Generate(batch, Math.Min(WarmUpTokens, newTokens));
            var before = GC.GetTotalAllocatedBytes(precise: true);
            var clock = Stopwatch.StartNew();
            var total = Generate(batch, newTokens).Sum(g => g.Ids.Count);
            var seconds = clock.Elapsed.TotalSeconds;
            figures.Add(new DecodeFigure(batch, total, seconds, total / seconds, (GC.GetTotalAllocatedBytes(precise: true) - before) / total));
        }
        return figures;
    }
}
