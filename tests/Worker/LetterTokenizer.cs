using AlpacaCot.Tokenizers;

namespace AlpacaCot.Tests.Worker;

/// <summary>Letters and a space: <c>&lt;end&gt;</c>, a, b, c, space.</summary>
internal sealed class LetterTokenizer : ITokenizer
{
    private static readonly string[] _tokens = ["<end>", "a", "b", "c", " "];

    public int VocabularySize => 5;

    public int? BosId => null;

    public int? EosId => 0;

    public int? PadId => null;

    public string ContentHash => "words";

    public int[] Encode(string text, EncodeOptions options = default) => [.. text.Select(c => Array.IndexOf(_tokens, c.ToString()))];

    public string Decode(ReadOnlySpan<int> ids, bool skipSpecialTokens = false) => string.Concat(ids.ToArray().Select(Token));

    public bool IsSpecial(int id) => id == 0;

    public string Token(int id) => _tokens[id];

    public int? Find(string token) => Array.IndexOf(_tokens, token) is >= 0 and var id ? id : null;

    public ITokenStream Stream(bool skipSpecialTokens = true) => throw new NotSupportedException();
}
