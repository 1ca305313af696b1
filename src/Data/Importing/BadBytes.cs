using System.Text;

namespace AlpacaCot.Data.Importing;

/// <summary>
/// What a decoder writes for bytes that are no character: U+FFFF, which is none either, and the two hex digits of the first of them. In encodings that contain ASCII, an ASCII byte that stands where
/// the second half of a character should is itself, so that a character that is cut off takes no line break or quote with it.
/// </summary>
/// <param name="tables">The same encoding as the runtime has it, where it contains ASCII: a decoder with a fallback gives it the characters that the encoding has twice (≡ is 0x81DF and 0x8791 in Shift-JIS), of which it writes one.</param>
internal sealed class BadBytes(Encoding? tables) : DecoderFallback
{
    public const char Mark = '\uFFFF';

    /// <summary>A mark, two digits, and a character.</summary>
    public override int MaxCharCount => 4;

    public override DecoderFallbackBuffer CreateFallbackBuffer() => new Buffer(tables);

    private sealed class Buffer(Encoding? tables) : DecoderFallbackBuffer
    {
        /// <summary>The largest byte that is no second half of a character in any encoding.</summary>
        private const byte LastOfNoCharacter = 0x2F;

        /// <summary>What the runtime's tables have for bytes that are no character.</summary>
        private const char Replacement = '\uFFFD', JapaneseReplacement = '\u30FB';

        private string _text = "";
        private int _at;

        public override int Remaining => _text.Length - _at;

        public override bool Fallback(byte[] bytesUnknown, int index)
        {
            _at = 0;
            if (tables is not null && bytesUnknown is [_, > LastOfNoCharacter] && tables.GetString(bytesUnknown) is [>= '\u00A0' and not (Replacement or JapaneseReplacement) and var twice])
            {
                _text = twice.ToString();
                return true;
            }
            var own = tables is not null && bytesUnknown.Length > 1 && bytesUnknown[^1] < 0x80 ? ((char)bytesUnknown[^1]).ToString() : "";
            _text = $"{Mark}{bytesUnknown[0]:X2}{own}";
            return true;
        }

        public override char GetNextChar() => _at < _text.Length ? _text[_at++] : '\0';

        public override bool MovePrevious()
        {
            if (_at == 0) return false;
            _at--;
            return true;
        }

        public override void Reset() => (_text, _at) = ("", 0);
    }
}
