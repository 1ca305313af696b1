using AlpacaCot.Tokenizers;

namespace AlpacaCot.Inference.Tests;

/// <summary>A tokenizer for models whose folder has none: an id is one character of the private use area, or the letter it is told to be.</summary>
internal sealed class CharacterTokenizer(int vocabulary, int? eos = null, IReadOnlyDictionary<int, string>? pieces = null) : ITokenizer
{
    public int VocabularySize => vocabulary;

    public int? BosId => null;

    public int? EosId => eos;

    public int? PadId => null;

    public string ContentHash => $"characters-{vocabulary}";

    public int[] Encode(string text, EncodeOptions options = default) => [.. text.EnumerateRunes().Select(r => r.Value - 0xF0000)];

    public string Decode(ReadOnlySpan<int> ids, bool skipSpecialTokens = false)
    {
        var text = new System.Text.StringBuilder();
        foreach (var id in ids)
            if (!(skipSpecialTokens && IsSpecial(id))) text.Append(Token(id));
        return text.ToString();
    }

    public bool IsSpecial(int id) => id == eos;

    public string Token(int id) => pieces?.GetValueOrDefault(id) ?? char.ConvertFromUtf32(0xF0000 + id);

    public int? Find(string token) => Encode(token)[0];

    public ITokenStream Stream(bool skipSpecialTokens = true) => new Characters(this, skipSpecialTokens);

    private sealed class Characters(CharacterTokenizer tokenizer, bool skip) : ITokenStream
    {
        public string Append(int id) => tokenizer.Decode([id], skip);

        public string Flush() => "";
    }
}
