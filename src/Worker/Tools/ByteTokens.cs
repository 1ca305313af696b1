using AlpacaCot.Tokenizers;

namespace AlpacaCot.Worker.Tools;

/// <summary>What is measured on random models runs on ids: its tokens need a text but no vocabulary.</summary>
internal sealed class ByteTokens : ITokenizer
{
    public static ByteTokens Instance { get; } = new();

    public int VocabularySize => 256;

    public int? BosId => null;

    public int? EosId => null;

    public int? PadId => null;

    public string ContentHash => "bytes";

    public int[] Encode(string text, EncodeOptions options = default) => [.. System.Text.Encoding.UTF8.GetBytes(text).Select(b => (int)b)];

    public string Decode(ReadOnlySpan<int> ids, bool skipSpecialTokens = false) => string.Concat(ids.ToArray().Select(Token));

    public bool IsSpecial(int id) => false;

    public string Token(int id) => ((char)(33 + id % 94)).ToString();

    public int? Find(string token) => null;

    public ITokenStream Stream(bool skipSpecialTokens = true) => new Plain();

    private sealed class Plain : ITokenStream
    {
        public string Append(int id) => Instance.Token(id);

        public string Flush() => "";
    }
}
