using System.Text;
using AlpacaCot.Tokenizers;

namespace AlpacaCot.Benchmarks;

/// <summary>Texts for the ids of a random model, which has no vocabulary of its own.</summary>
internal sealed class IdTexts(int size) : ITokenizer
{
    public int VocabularySize => size;

    public int? BosId => null;

    public int? EosId => null;

    public int? PadId => null;

    public string ContentHash => "ids";

    public int[] Encode(string text, EncodeOptions options = default) => [.. Encoding.UTF8.GetBytes(text).Select(b => b % size)];

    public string Decode(ReadOnlySpan<int> ids, bool skipSpecialTokens = false) => string.Concat(ids.ToArray().Select(Token));

    public bool IsSpecial(int id) => false;

    public string Token(int id) => ((char)('!' + id % 94)).ToString();

    public int? Find(string token) => null;

    public ITokenStream Stream(bool skipSpecialTokens = true) => new Plain(this);

    private sealed class Plain(IdTexts texts) : ITokenStream
    {
        public string Append(int id) => texts.Token(id);

        public string Flush() => "";
    }
}
