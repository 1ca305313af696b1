using AlpacaCot.Files;
using AlpacaCot.Tokenizers.SentencePiece;

namespace AlpacaCot.Tokenizers.Training;

/// <summary>What an extension added.</summary>
/// <param name="Pieces">Pieces that the tokenizer did not have.</param>
/// <param name="Used">Of those, the ones that their own text is encoded as: a piece is found only where two others make it up.</param>
public sealed record ExtensionFigures(int Pieces, int Used);

/// <summary>
/// Adds the pieces of one SentencePiece model to another, a BPE model, as Chinese LLaMAs were made: every id of the first stays, and the new pieces stand behind them, the best of the other model
/// first, with scores below all others, so that what was merged before is merged as before.
/// </summary>
public static class SentencePieceExtension
{
    /// <summary>Writes <c>tokenizer.model</c>, and the configuration that lies beside the one that is extended.</summary>
    /// <param name="tokenizer">The model to extend.</param>
    /// <param name="pieces">The model that the pieces come from, of either algorithm.</param>
    /// <param name="hanOnly">Whether only pieces of Chinese characters alone are taken.</param>
    /// <param name="directory">The folder to write.</param>
    /// <exception cref="TokenizerException">A file is no such model, the first is no BPE model, or nothing is new.</exception>
    public static ExtensionFigures Extend(string tokenizer, string pieces, bool hanOnly, string directory)
    {
        var bytes = Read(tokenizer);
        var (own, other) = (Parse(bytes, tokenizer), Parse(Read(pieces), pieces));
        if (own.Algorithm != SentencePieceAlgorithm.Bpe) throw new TokenizerException($"{tokenizer}: is a model of the algorithm {own.Algorithm}; pieces are added to BPE models, whose merges they come behind");
        var known = own.Pieces.Select(piece => piece.Text).ToHashSet(StringComparer.Ordinal);
        List<string> added = [.. other.Pieces.Where(piece => piece.Type == PieceType.Normal && known.Add(piece.Text) && (!hanOnly || IsHan(piece.Text))).OrderByDescending(piece => piece.Score).Select(piece => piece.Text)];
        if (added.Count == 0) throw new TokenizerException($"{pieces}: has no piece that {tokenizer} lacks");
        var lowest = own.Pieces.Where(piece => piece.Type == PieceType.Normal).Select(piece => piece.Score).DefaultIfEmpty().Min();
        // Messages of protocol buffers are joined by writing one behind the other: all that the first says of its normaliser and training stays as it is.
        var more = new ProtoMessage();
        for (var i = 0; i < added.Count; i++) more.Message(1, new ProtoMessage().Text(1, added[i]).Single(2, lowest - 1 - i).Number(3, (long)PieceType.Normal));
        Directory.CreateDirectory(directory);
        AtomicFile.Write(Path.Combine(directory, "tokenizer.model"), file =>
        {
            file.Write(bytes);
            file.Write(more.ToArray());
        });
        foreach (var name in new[] { "tokenizer_config.json", "special_tokens_map.json" })
            if (Path.Combine(Path.GetDirectoryName(Path.GetFullPath(tokenizer))!, name) is var beside && File.Exists(beside)) RegularFile.Copy(beside, Path.Combine(directory, name));
        var extended = TokenizerDirectory.Load(directory);
        var options = new EncodeOptions(Continuation: true, SpecialTokensAsText: true);
        return new ExtensionFigures(added.Count, added.Where((text, i) => extended.Encode(text.Replace('\u2581', ' '), options) is [var id] && id == own.Pieces.Count + i).Count());
    }

    private static byte[] Read(string file)
    {
        try
        {
            return FileText.ReadBytes(file, TokenizerLimits.LargestFile);
        }
        catch (InvalidDataException e)
        {
            throw new TokenizerException(e.Message, e);
        }
    }

    private static SentencePieceModel Parse(byte[] bytes, string file)
    {
        try
        {
            return SentencePieceModel.Parse(bytes);
        }
        catch (InvalidDataException e)
        {
            throw new TokenizerException($"{file}: is damaged or no SentencePiece model: {e.Message}", e);
        }
    }

    private static bool IsHan(string text) => text.EnumerateRunes().All(rune => rune.Value is (>= 0x2E80 and <= 0x2FDF) or 0x3005 or 0x3007 or (>= 0x3400 and <= 0x9FFF) or (>= 0xF900 and <= 0xFAFF) or (>= 0x20000 and <= 0x3FFFF));
}
