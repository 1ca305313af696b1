using System.Text;

namespace AlpacaCot.Tokenizers;

/// <summary>Figures of one tokenizer on one set of texts. A megabyte is 10⁶ bytes of UTF-8.</summary>
/// <param name="Texts">Number of texts.</param>
/// <param name="Bytes">Their size, bytes of UTF-8.</param>
/// <param name="Tokens">Their length in tokens.</param>
/// <param name="EncodeMegabytesPerSecond">Encoding, one thread.</param>
/// <param name="DecodeMegabytesPerSecond">Decoding whole texts, one thread.</param>
/// <param name="EncodeAllocatedBytesPerByte">Managed memory allocated by encoding, for each byte of text (the ids themselves are part of it).</param>
public sealed record TokenizerFigures(
    int Texts, long Bytes, long Tokens, double EncodeMegabytesPerSecond, double DecodeMegabytesPerSecond, double EncodeAllocatedBytesPerByte)
{
    /// <summary>Bytes of text a token stands for.</summary>
    public double BytesPerToken => (double)Bytes / Math.Max(1, Tokens);
}

/// <summary>Measures encoding and decoding speed.</summary>
public static class TokenizerBenchmark
{
    /// <summary>Encodes and decodes all texts again and again and takes each direction's fastest round, after one round that is not counted.</summary>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="texts">The texts.</param>
    /// <param name="time">The clock.</param>
    /// <param name="duration">How long each direction is measured; at least one round is.</param>
    public static TokenizerFigures Run(ITokenizer tokenizer, IReadOnlyList<string> texts, TimeProvider time, TimeSpan duration)
    {
        var bytes = texts.Sum(text => (long)Encoding.UTF8.GetByteCount(text));
        var ids = texts.Select(text => tokenizer.Encode(text)).ToArray();
        foreach (var sequence in ids) tokenizer.Decode(sequence);
        var before = GC.GetAllocatedBytesForCurrentThread();
        foreach (var text in texts) tokenizer.Encode(text);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        var encode = Fastest(time, duration, () =>
        {
            foreach (var text in texts) tokenizer.Encode(text);
        });
        var decode = Fastest(time, duration, () =>
        {
            foreach (var sequence in ids) tokenizer.Decode(sequence);
        });
        var tokens = ids.Sum(sequence => (long)sequence.Length);
        return new TokenizerFigures(texts.Count, bytes, tokens, bytes / 1e6 / encode, bytes / 1e6 / decode, (double)allocated / Math.Max(1, bytes));
    }

    private static double Fastest(TimeProvider time, TimeSpan duration, Action round)
    {
        var (begin, best) = (time.GetTimestamp(), double.PositiveInfinity);
        do
        {
            var start = time.GetTimestamp();
            round();
            best = Math.Min(best, time.GetElapsedTime(start).TotalSeconds);
        }
        while (time.GetElapsedTime(begin) < duration);
        return Math.Max(best, 1e-9);
    }
}
