using System.CommandLine;
using System.Text;
using AlpacaCot.Files;
using AlpacaCot.Tokenizers;

namespace AlpacaCot.Benchmarks;

/// <summary>Figures of one tokenizer on one set of texts. A megabyte is 10⁶ bytes of UTF-8.</summary>
/// <param name="Texts">Number of texts.</param>
/// <param name="Bytes">Their size, bytes of UTF-8.</param>
/// <param name="Tokens">Their length in tokens.</param>
/// <param name="EncodeMegabytesPerSecond">Encoding again what was encoded before, one thread: words are remembered.</param>
/// <param name="ColdMegabytesPerSecond">Encoding by a tokenizer that was just loaded and remembers nothing; the median of five.</param>
/// <param name="DecodeMegabytesPerSecond">Decoding whole texts, one thread.</param>
/// <param name="EncodeAllocatedBytesPerByte">Managed memory allocated by encoding, for each byte of text (the ids themselves are part of it).</param>
internal sealed record TokenizerFigures(
    int Texts, long Bytes, long Tokens, double EncodeMegabytesPerSecond, double ColdMegabytesPerSecond, double DecodeMegabytesPerSecond, double EncodeAllocatedBytesPerByte)
{
    /// <summary>Bytes of text a token stands for.</summary>
    public double BytesPerToken => (double)Bytes / Math.Max(1, Tokens);
}

/// <summary>Measures encoding and decoding speed.</summary>
internal static class TokenizeBenchmark
{
    private const int LargestText = 1 << 30;

    /// <summary>Rounds of a cold pass, of which the median counts.</summary>
    internal const int ColdRounds = 5;

    private static readonly TimeSpan _duration = TimeSpan.FromSeconds(3);

    /// <summary>The command.</summary>
    public static Command Command()
    {
        var (tokenizer, text) = (Options.File("--tokenizer", "The tokenizer: its file, or a folder with it"), Options.File("--text", "A text in UTF-8, which is encoded line by line"));
        (tokenizer.Required, text.Required) = (true, true);
        var beside = new Option<bool>("--beside-library") { Description = "Time Microsoft.ML.Tokenizers' WordPiece too, in turns, on the same vocabulary (a tokenizer.json of WordPiece)" };
        var command = new Command("tokenize", "Encoding and decoding a text, one thread: megabytes per second, bytes per token") { tokenizer, text, beside };
        command.SetAction(parsed =>
        {
            var lines = FileText.Read(parsed.GetValue(text)!, LargestText).Split('\n').Select(line => line.TrimEnd('\r')).Where(line => line.Length > 0).ToList();
            if (lines.Count == 0) throw new BenchmarkException($"{parsed.GetValue(text)}: holds no text");
            if (parsed.GetValue(beside))
            {
                var compared = WordPieceLibrary.Compare(parsed.GetValue(tokenizer)!, lines, TimeProvider.System);
                Options.Print(parsed, new
                {
                    benchmark = "tokenize", cold_encode_mb_per_s = Math.Round(compared.MegabytesPerSecond, 2), library_cold_encode_mb_per_s = Math.Round(compared.LibraryMegabytesPerSecond, 2), different_texts = compared.DifferentTexts,
                });
                return;
            }
            var figures = Run(() => TokenizerDirectory.Load(parsed.GetValue(tokenizer)!), lines, TimeProvider.System, _duration);
            Options.Print(parsed, new
            {
                benchmark = "tokenize", encode_mb_per_s = Math.Round(figures.EncodeMegabytesPerSecond, 2), cold_encode_mb_per_s = Math.Round(figures.ColdMegabytesPerSecond, 2), decode_mb_per_s = Math.Round(figures.DecodeMegabytesPerSecond, 2),
                bytes = figures.Bytes, tokens = figures.Tokens, bytes_per_token = Math.Round(figures.BytesPerToken, 3), allocated_per_byte = Math.Round(figures.EncodeAllocatedBytesPerByte, 2),
            });
        });
        return command;
    }

    /// <summary>Encodes and decodes all texts again and again and takes each direction's fastest round, after one round that is not counted.</summary>
    /// <param name="load">Loads the tokenizer.</param>
    /// <param name="texts">The texts.</param>
    /// <param name="time">The clock.</param>
    /// <param name="duration">How long each direction is measured; at least one round is.</param>
    public static TokenizerFigures Run(Func<ITokenizer> load, IReadOnlyList<string> texts, TimeProvider time, TimeSpan duration)
    {
        var tokenizer = load();
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
        var cold = Median(Enumerable.Range(0, ColdRounds).Select(_ => Once(time, load(), texts)));
        var tokens = ids.Sum(sequence => (long)sequence.Length);
        return new TokenizerFigures(texts.Count, bytes, tokens, bytes / 1e6 / encode, bytes / 1e6 / cold, bytes / 1e6 / decode, (double)allocated / Math.Max(1, bytes));
    }

    /// <summary>Seconds of one pass over the texts.</summary>
    internal static double Once(TimeProvider time, ITokenizer tokenizer, IReadOnlyList<string> texts)
    {
        var start = time.GetTimestamp();
        foreach (var text in texts) tokenizer.Encode(text);
        return Math.Max(time.GetElapsedTime(start).TotalSeconds, 1e-9);
    }

    internal static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return sorted[sorted.Count / 2];
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
