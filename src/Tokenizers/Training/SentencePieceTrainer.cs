using System.Runtime.InteropServices;
using System.Text;
using AlpacaCot.Files;
using AlpacaCot.Tokenizers.SentencePiece;
using AlpacaCot.Tokenizers.Text;

namespace AlpacaCot.Tokenizers.Training;

/// <summary>How a SentencePiece BPE tokenizer is trained; the defaults are LLaMA's.</summary>
public sealed record SentencePieceTraining
{
    /// <summary>Number of pieces: three special ones, 256 bytes, the characters, and as many merges as fit.</summary>
    public int VocabularySize { get; init; } = 8000;

    /// <summary>Part of all characters that gets pieces, the rarest being left to the bytes.</summary>
    public double CharacterCoverage { get; init; } = 0.9995;

    /// <summary>Every digit is a piece of its own.</summary>
    public bool SplitDigits { get; init; } = true;

    /// <summary>A pair that occurs less often is not merged.</summary>
    public int MinimumCount { get; init; } = 2;
}

/// <summary>
/// Trains BPE as SentencePiece does with LLaMA's settings: characters with U+2581 for a space, merges within words and within one script, byte fallback, no
/// normalisation. Depends on nothing but the texts and the options: the same input gives the same file.
/// </summary>
public static class SentencePieceTrainer
{
    // SentencePiece's max_sentencepiece_length.
    private const int LongestPiece = 16;
    private const int Specials = 3;

    /// <summary>Trains on texts and writes <c>tokenizer.model</c> and <c>tokenizer_config.json</c>, each whole or not at all; returns the tokenizer, read back from them.</summary>
    /// <param name="texts">The texts; each line is a sentence.</param>
    /// <param name="options">The options.</param>
    /// <param name="directory">Where the files go; created if absent.</param>
    /// <exception cref="TokenizerException">The vocabulary is too small for the special pieces, the bytes and the characters.</exception>
    public static ITokenizer Train(IEnumerable<string> texts, SentencePieceTraining options, string directory)
    {
        var words = Words(texts, options.SplitDigits);
        var characters = Characters(words, options.CharacterCoverage);
        var smallest = Specials + 256 + characters.Count;
        if (options.VocabularySize < smallest)
            throw new TokenizerException($"a vocabulary of {options.VocabularySize} is too small; {Specials} special pieces, 256 bytes and {characters.Count} characters need {smallest}");
        List<string> tokens = [.. characters];
        var ids = characters.Select((character, id) => (character, id)).ToDictionary(item => item.character, item => item.id, StringComparer.Ordinal);
        BpeLearner.Learn(Symbols(words, ids), tokens, options.VocabularySize - Specials - 256, options.MinimumCount, LongestPiece);
        // Merges first, best first; then the characters, as SentencePiece orders them.
        Write(directory, [.. tokens.Skip(characters.Count), .. characters]);
        return TokenizerDirectory.Load(directory);
    }

    /// <summary>Stretches within which merges may happen: a word with the space in front of it, cut where the script changes and around digits.</summary>
    private static Dictionary<string, long> Words(IEnumerable<string> texts, bool splitDigits)
    {
        var counts = new Dictionary<string, long>(StringComparer.Ordinal);
        var lookup = counts.GetAlternateLookup<ReadOnlySpan<char>>();
        void Count(ReadOnlySpan<char> word)
        {
            if (word.Length > 0) CollectionsMarshal.GetValueRefOrAddDefault(lookup, word, out _)++;
        }

        foreach (var text in texts)
            foreach (var line in Utf16.WellFormed(text).Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                var sentence = SentencePieceNormalizer.Space + line.TrimEnd('\r').Replace(' ', SentencePieceNormalizer.Space);
                var (begin, script) = (0, -1);
                for (var at = 0; at < sentence.Length;)
                {
                    Rune.DecodeFromUtf16(sentence.AsSpan(at), out var rune, out var length);
                    var space = rune.Value == SentencePieceNormalizer.Space;
                    var own = space ? -1 : Script(rune);
                    var digit = splitDigits && CharClass.IsNumber(rune.Value);
                    if (space || digit || (own != script && script != -1))
                    {
                        Count(sentence.AsSpan(begin, at - begin));
                        begin = at;
                    }
                    script = own;
                    at += length;
                    if (!digit) continue;
                    Count(sentence.AsSpan(begin, at - begin));
                    (begin, script) = (at, -1);
                }
                Count(sentence.AsSpan(begin));
            }
        return counts;
    }

    /// <summary>The characters by how often they occur, as many as cover the wanted part of the text; the space always.</summary>
    private static List<string> Characters(Dictionary<string, long> words, double coverage)
    {
        var counts = new Dictionary<Rune, long>();
        foreach (var (word, count) in words)
            foreach (var rune in word.EnumerateRunes()) CollectionsMarshal.GetValueRefOrAddDefault(counts, rune, out _) += count;
        var (total, seen) = (counts.Values.Sum(), 0L);
        var characters = new List<string>();
        foreach (var (rune, count) in counts.OrderByDescending(item => item.Value).ThenBy(item => item.Key))
        {
            if (seen < coverage * total || rune.Value == SentencePieceNormalizer.Space) characters.Add(rune.ToString());
            seen += count;
        }
        return characters;
    }

    /// <summary>The words as symbols; a character without a piece parts them.</summary>
    private static List<CountedWord> Symbols(Dictionary<string, long> words, Dictionary<string, int> ids)
    {
        var all = new List<CountedWord>();
        foreach (var (word, count) in words.OrderBy(item => item.Key, StringComparer.Ordinal))
        {
            var symbols = new List<int>();
            foreach (var rune in word.EnumerateRunes())
                if (ids.TryGetValue(rune.ToString(), out var id)) symbols.Add(id);
                else
                {
                    if (symbols.Count > 1) all.Add(new CountedWord(symbols, count));
                    symbols = [];
                }
            if (symbols.Count > 1) all.Add(new CountedWord(symbols, count));
        }
        return all;
    }

    private static void Write(string directory, IReadOnlyList<string> pieces)
    {
        var model = new ProtoMessage();
        void Piece(string text, float score, PieceType type) => model.Message(1, new ProtoMessage().Text(1, text).Single(2, score).Number(3, (long)type));
        Piece("<unk>", 0, PieceType.Unknown);
        Piece("<s>", 0, PieceType.Control);
        Piece("</s>", 0, PieceType.Control);
        for (var b = 0; b < 256; b++) Piece($"<0x{b:X2}>", 0, PieceType.Byte);
        for (var i = 0; i < pieces.Count; i++) Piece(pieces[i], -i, PieceType.Normal);
        model.Message(2, new ProtoMessage().Number(3, (long)SentencePieceAlgorithm.Bpe).Number(4, Specials + 256 + pieces.Count).Number(35, 1).Number(40, 0).Number(41, 1).Number(42, 2).Number(43, -1));
        model.Message(3, new ProtoMessage().Text(1, "identity").Number(3, 1).Number(4, 0).Number(5, 1));
        Directory.CreateDirectory(directory);
        AtomicFile.WriteAllText(Path.Combine(directory, "tokenizer_config.json"),
            """{"tokenizer_class": "LlamaTokenizer", "unk_token": "<unk>", "bos_token": "<s>", "eos_token": "</s>", "add_bos_token": true, "add_eos_token": false, "clean_up_tokenization_spaces": false, "legacy": false}""" + "\n");
        AtomicFile.Write(Path.Combine(directory, "tokenizer.model"), file => file.Write(model.ToArray()));
    }

    /// <summary>The script of a letter, Kana counted as Han, 0 for all that belongs to none: what SentencePiece does not merge across.</summary>
    private static int Script(Rune rune)
    {
        var c = rune.Value;
        if (!CharClass.In(c, CharClass.Letters | CharClass.Marks)) return c == 0x30FC ? 3 : 0;
        return c switch
        {
            < 0x250 or (>= 0x1E00 and <= 0x1EFF) or (>= 0x2C60 and <= 0x2C7F) or (>= 0xFF21 and <= 0xFF5A) => 1,
            (>= 0x370 and <= 0x3FF) or (>= 0x1F00 and <= 0x1FFF) => 2,
            (>= 0x2E80 and <= 0x30FF) or (>= 0x31F0 and <= 0x9FFF) or (>= 0xF900 and <= 0xFAFF) or (>= 0xFF66 and <= 0xFF9F) or (>= 0x20000 and <= 0x3FFFF) => 3,
            (>= 0x400 and <= 0x52F) or (>= 0x1C80 and <= 0x1C8F) => 4,
            (>= 0x1100 and <= 0x11FF) or (>= 0x3130 and <= 0x318F) or (>= 0xAC00 and <= 0xD7FF) => 5,
            // Other scripts fill blocks of 128 code points, most of them one or two.
            _ => 16 + c / 128,
        };
    }
}
