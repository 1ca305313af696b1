using System.Buffers;
using Microsoft.ML.Tokenizers;

namespace AlpacaCot.Tokenizers.MicrosoftML;

/// <summary>
/// A tokenizer of this platform where the ecosystem of Microsoft.ML.Tokenizers takes one. Offsets count in the text as it was given, so that no
/// normalized text is handed out.
/// </summary>
/// <remarks>
/// It is no detour around models that the library has itself: its models differ from the reference, on the Alpaca prompt among others
/// (a test holds that fact), and it reads no tokenizer.json.
/// </remarks>
/// <param name="tokenizer">The tokenizer.</param>
/// <param name="options">How texts are encoded.</param>
/// <param name="skipSpecialTokens">Whether special tokens are left out when ids are decoded.</param>
public sealed class TokenizerAdapter(IAlignedTokenizer tokenizer, EncodeOptions options = default, bool skipSpecialTokens = false) : Tokenizer
{
    /// <inheritdoc/>
    /// <exception cref="NotSupportedException">Normalization or pre-tokenization are to be left out, which are parts of what the tokenizer is.</exception>
    protected override EncodeResults<EncodedToken> EncodeToTokens(string? text, ReadOnlySpan<char> textSpan, EncodeSettings settings)
    {
        text = Whole(text, textSpan, settings);
        var spans = tokenizer.EncodeWithOffsets(text, options);
        var count = TokenCut.Fit(spans, settings.MaxTokenCount);
        return new EncodeResults<EncodedToken>
        {
            Tokens = [.. spans.Take(count).Select(span => new EncodedToken(span.Id, tokenizer.Token(span.Id), span.Begin..span.End))],
            CharsConsumed = TokenCut.Place(spans, count, text.Length),
        };
    }

    /// <inheritdoc/>
    protected override EncodeResults<int> EncodeToIds(string? text, ReadOnlySpan<char> textSpan, EncodeSettings settings)
    {
        text = Whole(text, textSpan, settings);
        var ids = tokenizer.Encode(text, options);
        if (ids.Length <= settings.MaxTokenCount) return new EncodeResults<int> { Tokens = ids, CharsConsumed = text.Length };
        var spans = tokenizer.EncodeWithOffsets(text, options);
        var count = TokenCut.Fit(spans, settings.MaxTokenCount);
        return new EncodeResults<int> { Tokens = ids[..count], CharsConsumed = TokenCut.Place(spans, count, text.Length) };
    }

    /// <inheritdoc/>
    protected override int CountTokens(string? text, ReadOnlySpan<char> textSpan, EncodeSettings settings)
    {
        text = Whole(text, textSpan, settings);
        var count = tokenizer.Encode(text, options).Length;
        return count <= settings.MaxTokenCount ? count : TokenCut.Fit(tokenizer.EncodeWithOffsets(text, options), settings.MaxTokenCount);
    }

    /// <inheritdoc/>
    protected override int GetIndexByTokenCount(string? text, ReadOnlySpan<char> textSpan, EncodeSettings settings, bool fromEnd, out string? normalizedText, out int tokenCount)
    {
        text = Whole(text, textSpan, settings);
        normalizedText = null;
        var spans = tokenizer.EncodeWithOffsets(text, options);
        var cut = fromEnd ? TokenCut.FitFromEnd(spans, settings.MaxTokenCount) : TokenCut.Fit(spans, settings.MaxTokenCount);
        tokenCount = fromEnd ? spans.Length - cut : cut;
        return TokenCut.Place(spans, cut, text.Length);
    }

    /// <inheritdoc/>
    public override string Decode(IEnumerable<int> ids)
    {
        ArgumentNullException.ThrowIfNull(ids);
        var all = ids.ToArray();
        foreach (var id in all)
            if (!IsKnown(id)) throw new InvalidOperationException($"id {id} is outside the vocabulary of {tokenizer.VocabularySize} ids");
        return tokenizer.Decode(all, skipSpecialTokens);
    }

    /// <inheritdoc/>
    public override OperationStatus Decode(IEnumerable<int> ids, Span<char> destination, out int idsConsumed, out int charsWritten)
    {
        ArgumentNullException.ThrowIfNull(ids);
        var all = ids.ToArray();
        var known = all.TakeWhile(IsKnown).Count();
        // Only ids whose whole text fits are consumed: no character is cut, and none waits for a byte that comes with the next id.
        for (idsConsumed = known; idsConsumed > 0; idsConsumed--)
        {
            if (idsConsumed < all.Length && EndsInsideCharacter(all, idsConsumed)) continue;
            var text = tokenizer.Decode(all.AsSpan(0, idsConsumed), skipSpecialTokens);
            if (!text.AsSpan().TryCopyTo(destination)) continue;
            charsWritten = text.Length;
            return idsConsumed == all.Length ? OperationStatus.Done : idsConsumed == known ? OperationStatus.InvalidData : OperationStatus.DestinationTooSmall;
        }
        charsWritten = 0;
        return all.Length == 0 ? OperationStatus.Done : known == 0 ? OperationStatus.InvalidData : OperationStatus.DestinationTooSmall;
    }

    private bool IsKnown(int id) => id >= 0 && id < tokenizer.VocabularySize;

    private bool EndsInsideCharacter(int[] ids, int count)
    {
        var stream = tokenizer.Stream(skipSpecialTokens);
        for (var i = 0; i < count; i++) stream.Append(ids[i]);
        return stream.Flush().Length > 0;
    }

    private static string Whole(string? text, ReadOnlySpan<char> span, EncodeSettings settings)
        => settings is { ConsiderNormalization: true, ConsiderPreTokenization: true }
            ? text ?? span.ToString()
            : throw new NotSupportedException("normalization and pre-tokenization are parts of what this tokenizer is; they cannot be left out");
}
