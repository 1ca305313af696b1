using System.Text.Json;

namespace AlpacaCot.Tokenizers.Tests;

/// <summary>The parts of tokenizer.json that must be read: pinned here by hand, so that one that is lost in the product fails tests instead of skipping them.</summary>
internal static class KnownParts
{
    private static readonly Dictionary<string, HashSet<string>> _known = new()
    {
        ["model"] = ["BPE", "Unigram", "WordPiece"],
        ["normalizer"] = ["Sequence", "NFC", "NFD", "NFKC", "NFKD", "Lowercase", "Strip", "StripAccents", "Replace", "Prepend", "Precompiled", "Nmt", "ByteLevel", "BertNormalizer"],
        ["pre_tokenizer"] = ["Sequence", "ByteLevel", "Split", "Metaspace", "Digits", "Punctuation", "Whitespace", "WhitespaceSplit", "BertPreTokenizer", "CharDelimiterSplit"],
        ["post_processor"] = ["Sequence", "TemplateProcessing", "ByteLevel", "BertProcessing", "RobertaProcessing"],
        ["decoder"] = ["Sequence", "ByteLevel", "ByteFallback", "Fuse", "Replace", "Strip", "Metaspace", "BPEDecoder", "WordPiece", "CTC"],
    };

    /// <summary>The parts of a tokenizer.json that are not in the list.</summary>
    public static List<string> Unknown(JsonElement tokenizer)
        => [.. _known.Keys.Where(kind => tokenizer.TryGetProperty(kind, out _)).SelectMany(kind => Unknown(kind, tokenizer.GetProperty(kind)))];

    /// <summary>The types within one part that are not in the list of its kind.</summary>
    public static IEnumerable<string> Unknown(string kind, JsonElement part)
    {
        if (part.ValueKind != JsonValueKind.Object) return [];
        var inner = part.EnumerateObject().Where(p => p.Value.ValueKind == JsonValueKind.Array && p.Name is "normalizers" or "pretokenizers" or "processors" or "decoders")
            .SelectMany(p => p.Value.EnumerateArray()).SelectMany(item => Unknown(kind, item));
        // Files of the first years do not name the type of a BPE model.
        var type = part.TryGetProperty("type", out var name) ? name.GetString()! : "BPE";
        if (part.TryGetProperty("dropout", out var dropout) && dropout.ValueKind == JsonValueKind.Number && dropout.GetDouble() > 0) type = "BPE with dropout";
        return _known[kind].Contains(type) ? inner : inner.Append(type);
    }
}
