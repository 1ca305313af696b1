using System.Text;
using System.Text.Json;
using AlpacaCot.Files;
using AlpacaCot.Tokenizers;
using Microsoft.ML.Tokenizers;

namespace AlpacaCot.Benchmarks;

/// <summary>WordPiece here and in Microsoft.ML.Tokenizers on one vocabulary.</summary>
/// <param name="MegabytesPerSecond">Ours, cold, one thread: the median of five rounds.</param>
/// <param name="LibraryMegabytesPerSecond">The library's, likewise, in turns with ours.</param>
/// <param name="DifferentTexts">Texts that the two give other ids.</param>
internal sealed record WordPieceFigures(double MegabytesPerSecond, double LibraryMegabytesPerSecond, int DifferentTexts);

/// <summary>Times the library's tokenizer beside ours.</summary>
internal static class WordPieceLibrary
{
    private const int LargestTokenizer = 128 << 20;

    /// <summary>Encodes all texts by one and the other in turns.</summary>
    /// <param name="path">A tokenizer.json of WordPiece.</param>
    /// <param name="texts">The texts.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="BenchmarkException">It is of another kind.</exception>
    public static WordPieceFigures Compare(string path, IReadOnlyList<string> texts, TimeProvider time)
    {
        var file = Directory.Exists(path) ? Path.Combine(path, "tokenizer.json") : path;
        var json = FileText.ReadJson(file, LargestTokenizer);
        if (!json.TryGetProperty("model", out var model) || !model.TryGetProperty("type", out var type) || type.GetString() != "WordPiece")
            throw new BenchmarkException($"{file}: is no tokenizer.json of WordPiece, the kind that is compared");
        var vocabulary = Encoding.UTF8.GetBytes(string.Join('\n', model.GetProperty("vocab").EnumerateObject().OrderBy(entry => entry.Value.GetInt32()).Select(entry => entry.Name)));
        var lowers = json.GetProperty("normalizer") is { ValueKind: JsonValueKind.Object } normalizer && normalizer.TryGetProperty("lowercase", out var lowercase) && lowercase.GetBoolean();
        BertTokenizer Library()
        {
            using var stream = new MemoryStream(vocabulary);
            return BertTokenizer.Create(stream, new BertOptions { LowerCaseBeforeTokenization = lowers, RemoveNonSpacingMarks = lowers });
        }

        var (own, library) = (TokenizerDirectory.Load(file), Library());
        var different = texts.Count(text => !own.Encode(text).SequenceEqual(library.EncodeToIds(text, addSpecialTokens: false)));
        var (ours, theirs) = (new List<double>(), new List<double>());
        for (var round = 0; round < TokenizeBenchmark.ColdRounds; round++)
        {
            ours.Add(TokenizeBenchmark.Once(time, TokenizerDirectory.Load(file), texts));
            var fresh = Library();
            var start = time.GetTimestamp();
            foreach (var text in texts) fresh.EncodeToIds(text, addSpecialTokens: false);
            theirs.Add(Math.Max(time.GetElapsedTime(start).TotalSeconds, 1e-9));
        }
        var megabytes = texts.Sum(text => (long)Encoding.UTF8.GetByteCount(text)) / 1e6;
        return new WordPieceFigures(megabytes / TokenizeBenchmark.Median(ours), megabytes / TokenizeBenchmark.Median(theirs), different);
    }
}
