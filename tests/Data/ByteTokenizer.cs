using System.Security.Cryptography;
using System.Text;
using AlpacaCot.Tokenizers;

namespace AlpacaCot.Data.Tests;

/// <summary>One id per UTF-8 byte (+ 3), BOS 1, EOS 2: the smallest real tokenizer, and lossless.</summary>
internal sealed class ByteTokenizer(bool addsEos = false, int? eos = 2) : ITokenizer
{
    public int VocabularySize => 259;

    public int? BosId => 1;

    public int? EosId => eos;

    public int? PadId => 0;

    public string ContentHash => Convert.ToHexStringLower(SHA256.HashData([(byte)(addsEos ? 1 : 0)]));

    public int[] Encode(string text, EncodeOptions options = default)
    {
        var ids = new List<int>();
        if (options is { AddSpecialTokens: true, Continuation: false }) ids.Add(1);
        ids.AddRange(Encoding.UTF8.GetBytes(text).Select(b => b + 3));
        if (options is { AddSpecialTokens: true, Continuation: false } && addsEos) ids.Add(2);
        return [.. ids];
    }

    public string Decode(ReadOnlySpan<int> ids, bool skipSpecialTokens = false)
    {
        var stream = Stream(skipSpecialTokens);
        var text = new StringBuilder();
        foreach (var id in ids) text.Append(stream.Append(id));
        return text.Append(stream.Flush()).ToString();
    }

    public bool IsSpecial(int id) => id < 3;

    public string Token(int id) => id switch { 0 => "<pad>", 1 => "<s>", 2 => "</s>", _ => $"<0x{id - 3:X2}>" };

    public int? Find(string token) => Enumerable.Range(0, VocabularySize).Where(id => Token(id) == token).Select(id => (int?)id).FirstOrDefault();

    public ITokenStream Stream(bool skipSpecialTokens = true) => new ByteStream(this, skipSpecialTokens);

    private sealed class ByteStream(ByteTokenizer tokenizer, bool skipSpecialTokens) : ITokenStream
    {
        private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();

        public string Append(int id)
            => !tokenizer.IsSpecial(id) ? Take([(byte)(id - 3)], flush: false) : skipSpecialTokens ? "" : Flush() + tokenizer.Token(id);

        public string Flush() => Take([], flush: true);

        private string Take(ReadOnlySpan<byte> bytes, bool flush)
        {
            Span<char> chars = stackalloc char[8];
            return new string(chars[.._decoder.GetChars(bytes, chars, flush)]);
        }
    }
}
