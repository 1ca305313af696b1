using System.Text;
using AlpacaCot.Tokenizers.Text;

namespace AlpacaCot.Tokenizers.SentencePiece;

/// <summary>
/// ChatGLM-6B's tokenizer: a SentencePiece file behind which the model's own code puts special tokens, white space tokens and bytes. Line breaks, tabs and runs of
/// spaces have tokens of their own, and <c>[gMASK] &lt;sop&gt;</c> stands behind a prompt instead of a BOS in front of it.
/// </summary>
internal sealed class ChatGlmTokenizer : IAlignedTokenizer
{
    private const int LongestBlank = 80;
    private const string LineBreak = "<n>";
    private const string Tab = "<|tab|>";
    private static readonly string[] _specials = ["[MASK]", "[gMASK]", "[sMASK]", "<unused_0>", "<sop>", "<eop>", "<ENC>", "<dBLOCK>"];
    private readonly SentencePieceTokenizer _text;
    private readonly int _offset;
    private readonly int[] _promptEnd;

    /// <summary>Puts the tokens behind a file's pieces.</summary>
    /// <param name="file">The file.</param>
    /// <param name="imageTokens">Ids in front of the text's (the first release of the model kept 20,000 for images).</param>
    /// <param name="contentHash">Of the files.</param>
    public ChatGlmTokenizer(SentencePieceModel file, int imageTokens, string contentHash)
    {
        var first = file.Pieces.Count;
        var model = file with
        {
            ByteFallback = true,
            Pieces =
            [
                .. file.Pieces, .. _specials.Select(token => new Piece(token, 0, PieceType.Control)), new Piece(Tab, 0, PieceType.UserDefined),
                .. Enumerable.Range(2, LongestBlank - 1).Select(n => new Piece(Blank(n), 0, PieceType.UserDefined)),
                .. Enumerable.Range(0, 256).Select(b => new Piece($"<0x{b:X2}>", 0, PieceType.Byte)),
            ],
        };
        var surfaces = SentencePieceSurfaces.Of(model);
        for (var id = 0; id < model.Pieces.Count; id++)
            if (model.Pieces[id].Text == LineBreak) surfaces.Texts[id] = "\n";
        surfaces.Texts[first + _specials.Length] = "\t";
        for (var n = 2; n <= LongestBlank; n++) surfaces.Texts[first + _specials.Length + n - 1] = new string(' ', n);
        var padding = model.Pieces.ToList().FindIndex(piece => piece.Text == "<pad>");
        _text = new SentencePieceTokenizer(
            model, new SentencePieceOptions { AddBos = false, BosId = first + 4, EosId = first + 5, PadId = padding < 0 ? null : padding }, contentHash, surfaces);
        _offset = imageTokens;
        _promptEnd = [imageTokens + first + 1, imageTokens + first + 4];
    }

    public int VocabularySize => _text.VocabularySize + _offset;

    public int? BosId => _text.BosId + _offset;

    public int? EosId => _text.EosId + _offset;

    public int? PadId => _text.PadId + _offset;

    public string ContentHash => _text.ContentHash;

    public int[] Encode(string text, EncodeOptions options = default)
    {
        var ids = _text.Encode(Replaced(text, null), options with { AddSpecialTokens = false });
        for (var i = 0; i < ids.Length; i++) ids[i] += _offset;
        return options is { AddSpecialTokens: true, Continuation: false } ? [.. ids, .. _promptEnd] : ids;
    }

    public TokenSpan[] EncodeWithOffsets(string text, EncodeOptions options = default)
    {
        var origins = new List<int>();
        var spans = _text.EncodeWithOffsets(Replaced(text, origins), options with { AddSpecialTokens = false })
            .Select(span => new TokenSpan(span.Id + _offset, origins[span.Begin], origins[span.End]));
        return options is { AddSpecialTokens: true, Continuation: false } ? [.. spans, .. _promptEnd.Select(id => new TokenSpan(id, 0, 0))] : [.. spans];
    }

    public string Decode(ReadOnlySpan<int> ids, bool skipSpecialTokens = false)
    {
        var stream = Stream(skipSpecialTokens);
        var text = new StringBuilder();
        foreach (var id in ids) text.Append(stream.Append(id));
        return text.Append(stream.Flush()).ToString();
    }

    public bool IsSpecial(int id) => id >= _offset && _text.IsSpecial(id - _offset);

    public string Token(int id) => id >= _offset ? _text.Token(id - _offset) : (uint)id < (uint)_offset ? $"<image_{id}>" : throw new TokenizerException($"id {id} is outside the vocabulary of {VocabularySize} ids");

    public int? Find(string token) => _text.Find(token) + _offset;

    public ITokenStream Stream(bool skipSpecialTokens = true) => new Shifted(_text.Stream(skipSpecialTokens), _offset);

    private static string Blank(int spaces) => $"<|blank_{spaces}|>";

    /// <summary>Writes line breaks, tabs and runs of spaces as their tokens.</summary>
    /// <param name="text">The text.</param>
    /// <param name="origins">Gets for each unit of the result where in the text it begins, and where the last one ends; null: nobody wants to know.</param>
    private static string Replaced(string text, List<int>? origins)
    {
        text = Utf16.WellFormed(text);
        var result = new StringBuilder(text.Length + 16);
        void Add(string part, int at)
        {
            result.Append(part);
            for (var i = 0; i < part.Length; i++) origins?.Add(at);
        }

        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\n') Add(LineBreak, i);
            else if (text[i] == '\t') Add(Tab, i);
            else if (text[i] == ' ')
            {
                var run = 1;
                while (run < LongestBlank && i + run < text.Length && text[i + run] == ' ') run++;
                Add(run > 1 ? Blank(run) : " ", i);
                i += run - 1;
            }
            else
            {
                result.Append(text[i]);
                origins?.Add(i);
            }
        }
        origins?.Add(text.Length);
        return result.ToString();
    }

    /// <summary>A stream over ids that begin at 0.</summary>
    private sealed class Shifted(ITokenStream stream, int offset) : ITokenStream
    {
        // An image's token says nothing.
        public string Append(int id) => id >= offset ? stream.Append(id - offset) : "";

        public string Flush() => stream.Flush();
    }
}
