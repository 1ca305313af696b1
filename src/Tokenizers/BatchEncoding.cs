namespace AlpacaCot.Tokenizers;

/// <summary>Encodes many texts on all cores.</summary>
public static class BatchEncoding
{
    /// <summary>The ids of each text, in the order given: what <see cref="ITokenizer.Encode"/> gives for it alone. Tokenizers are safe for concurrent use.</summary>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="texts">The texts.</param>
    /// <param name="options">How to encode them.</param>
    /// <param name="threads">Threads at most; all cores where null.</param>
    /// <param name="cancellation">Stops between texts.</param>
    public static int[][] EncodeAll(this ITokenizer tokenizer, IReadOnlyList<string> texts, EncodeOptions options = default, int? threads = null, CancellationToken cancellation = default)
        => Each(texts, text => tokenizer.Encode(text, options), threads, cancellation);

    /// <summary>The tokens of each text with their places, in the order given.</summary>
    public static TokenSpan[][] EncodeAllWithOffsets(this IAlignedTokenizer tokenizer, IReadOnlyList<string> texts, EncodeOptions options = default, int? threads = null, CancellationToken cancellation = default)
        => Each(texts, text => tokenizer.EncodeWithOffsets(text, options), threads, cancellation);

    private static T[] Each<T>(IReadOnlyList<string> texts, Func<string, T> encode, int? threads, CancellationToken cancellation)
    {
        var results = new T[texts.Count];
        Parallel.For(0, texts.Count, new ParallelOptions { MaxDegreeOfParallelism = threads ?? Environment.ProcessorCount, CancellationToken = cancellation }, i => results[i] = encode(texts[i]));
        return results;
    }
}
