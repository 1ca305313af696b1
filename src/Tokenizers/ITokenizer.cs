namespace AlpacaCot.Tokenizers;

/// <summary>How a text is turned into ids.</summary>
/// <param name="AddSpecialTokens">Add what the model's post-processor adds (BOS, EOS).</param>
/// <param name="SpecialTokensAsText">Special tokens written in the text are read as plain text (for a user's content); otherwise they are recognised.</param>
/// <param name="Continuation">
/// The text continues earlier tokens: no BOS and no dummy prefix, so that <c>decode(a ++ b) == decode(a) + text</c>.
/// A prompt and its answer are encoded apart with this, which makes the boundary of the loss mask exact.
/// </param>
public readonly record struct EncodeOptions(bool AddSpecialTokens = false, bool SpecialTokensAsText = false, bool Continuation = false);

/// <summary>Text to token ids and back, equal to the reference implementation id for id.</summary>
public interface ITokenizer
{
    /// <summary>Number of ids: every id is below this. The model's embedding may have more rows.</summary>
    int VocabularySize { get; }

    /// <summary>Beginning of sequence, if the vocabulary has one.</summary>
    int? BosId { get; }

    /// <summary>End of sequence, if the vocabulary has one.</summary>
    int? EosId { get; }

    /// <summary>Padding, if the vocabulary has one.</summary>
    int? PadId { get; }

    /// <summary>SHA-256 (hex) over the files that define this tokenizer.</summary>
    string ContentHash { get; }

    /// <summary>Encodes a text.</summary>
    int[] Encode(string text, EncodeOptions options = default);

    /// <summary>Decodes whole text.</summary>
    string Decode(ReadOnlySpan<int> ids, bool skipSpecialTokens = false);

    /// <summary>Whether an id is a special (control) token.</summary>
    bool IsSpecial(int id);

    /// <summary>The token's text as the vocabulary writes it (<c>▁the</c>, <c>Ġthe</c>, <c>&lt;0x0A&gt;</c>).</summary>
    string Token(int id);

    /// <summary>The id of a token as the vocabulary writes it, or null.</summary>
    int? Find(string token);

    /// <summary>Starts incremental decoding of one stream.</summary>
    ITokenStream Stream(bool skipSpecialTokens = true);
}

/// <summary>Incremental decoding: shows text as soon as no continuation can change it, never half a character.</summary>
public interface ITokenStream
{
    /// <summary>Takes one id and returns the text that may be shown now (often empty).</summary>
    string Append(int id);

    /// <summary>Ends the stream and returns what was held back.</summary>
    string Flush();
}
