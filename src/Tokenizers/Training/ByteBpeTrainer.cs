using System.Runtime.InteropServices;
using AlpacaCot.Tokenizers.Json;
using AlpacaCot.Tokenizers.Patterns;
using AlpacaCot.Tokenizers.Text;

namespace AlpacaCot.Tokenizers.Training;

/// <summary>How a byte-level BPE tokenizer is trained.</summary>
public sealed record ByteBpeOptions
{
    /// <summary>
    /// Number of ids: special tokens, 256 bytes, and as many merges as fit (fewer where the texts offer no more pairs). Special tokens + 256 gives a
    /// tokenizer of single bytes.
    /// </summary>
    public int VocabularySize { get; init; } = 1024;

    /// <summary>Every digit is a token of its own, which is what makes arithmetic learnable for small models.</summary>
    public bool SplitDigits { get; init; } = true;

    /// <summary>A pair that occurs less often is not merged.</summary>
    public int MinimumCount { get; init; } = 2;

    /// <summary>The unknown, begin and end tokens, ids 0, 1 and 2. A byte-level tokenizer never produces the first.</summary>
    public (string Unknown, string Begin, string End) SpecialTokens { get; init; } = ("<unk>", "<s>", "</s>");

    /// <summary>Put the begin token in front when special tokens are asked for.</summary>
    public bool AddBegin { get; init; } = true;
}

/// <summary>
/// Trains byte-level BPE (Sennrich et al. 2016; Radford et al. 2019): again and again the most frequent pair within a pre-token is merged, of equals
/// the pair with the lower ids. Depends on nothing but the texts and the options: the same input gives the same file.
/// </summary>
public static class ByteBpeTrainer
{
    private const int SpecialCount = 3;

    /// <summary>
    /// Trains on texts and writes <c>tokenizer.json</c> and <c>tokenizer_config.json</c>, each whole or not at all; returns the tokenizer, read back from
    /// them.
    /// </summary>
    /// <param name="texts">The texts.</param>
    /// <param name="options">The options.</param>
    /// <param name="directory">Where the files go; created if absent.</param>
    /// <exception cref="TokenizerException">The vocabulary is too small for the special tokens and 256 bytes.</exception>
    public static ITokenizer Train(IEnumerable<string> texts, ByteBpeOptions options, string directory)
    {
        var smallest = SpecialCount + 256;
        if (options.VocabularySize < smallest)
            throw new TokenizerException($"a vocabulary of {options.VocabularySize} is too small; {SpecialCount} special tokens and 256 bytes need {smallest}");
        List<string> tokens =
        [
            options.SpecialTokens.Unknown, options.SpecialTokens.Begin, options.SpecialTokens.End,
            .. Enumerable.Range(0, 256).Select(b => ByteAlphabet.Character((byte)b).ToString()),
        ];
        var merges = BpeLearner.Learn(Count(texts, options.SplitDigits), tokens, options.VocabularySize, options.MinimumCount);
        TokenizerFiles.Write(directory, options, tokens, merges);
        return TokenizerDirectory.Load(directory);
    }

    private static List<CountedWord> Count(IEnumerable<string> texts, bool splitDigits)
    {
        var counts = new Dictionary<string, long>(StringComparer.Ordinal);
        var lookup = counts.GetAlternateLookup<ReadOnlySpan<char>>();
        var preTokenizer = PreTokenizer(splitDigits);
        var pieces = new Pieces();
        foreach (var text in texts)
        {
            pieces.Reset(Utf16.WellFormed(text), atTextBegin: true, prefix: false);
            preTokenizer.Apply(pieces);
            foreach (var range in pieces.Ranges) CollectionsMarshal.GetValueRefOrAddDefault(lookup, pieces[range], out _)++;
        }
        var sorted = counts.OrderBy(word => word.Key, StringComparer.Ordinal);
        return [.. sorted.Select(word => new CountedWord([.. word.Key.Select(c => SpecialCount + ByteAlphabet.Byte(c))], word.Value))];
    }

    private static SequencePreTokenizer PreTokenizer(bool splitDigits)
    {
        var bytes = new ByteLevelPreTokenizer(addPrefixSpace: false, useRegex: true);
        return new SequencePreTokenizer(splitDigits ? [new Splitter(new ClassPattern(CharClass.IsNumber), SplitBehavior.Isolated), bytes] : [bytes]);
    }
}
