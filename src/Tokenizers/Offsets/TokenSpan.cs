namespace AlpacaCot.Tokenizers;

/// <summary>A token and the stretch of text it stands for.</summary>
/// <param name="Id">The id.</param>
/// <param name="Begin">Index of its first UTF-16 unit in the text that was given, never within a surrogate pair.</param>
/// <param name="End">Index behind its last unit.</param>
public readonly record struct TokenSpan(int Id, int Begin, int End);

/// <summary>
/// A tokenizer that also tells where each token comes from, as the reference implementation of its format does. Offsets count in the text as it was
/// given, before any normalisation. What has no text of its own is empty: BOS and EOS (0, 0), SentencePiece's dummy prefix.
/// A character that is split over several tokens belongs to each of them in a tokenizer.json, and to the last of them in a SentencePiece file.
/// </summary>
public interface IAlignedTokenizer : ITokenizer
{
    /// <summary>Encodes a text: the same ids as <see cref="ITokenizer.Encode"/>, each with its place.</summary>
    TokenSpan[] EncodeWithOffsets(string text, EncodeOptions options = default);
}
