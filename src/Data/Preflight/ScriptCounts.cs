using System.Text;

namespace AlpacaCot.Data.Preflight;

/// <summary>Letters of a text by script, and the language that they stand for.</summary>
internal struct ScriptCounts
{
    private int _latin, _han, _kana, _hangul, _cyrillic, _arabic, _devanagari, _thai;

    /// <summary>
    /// The language that the scripts stand for (<c>zh, ja, ko, ru, ar, hi, th</c>), or <c>latin</c>, whose languages are not told apart; <c>none</c> where there are no letters. Han letters count thrice,
    /// since a word has one or two of them.
    /// </summary>
    public readonly string Language
    {
        get
        {
            var japanese = _kana * 10 > _han;
            var (name, most) = ("none", 0);
            Compare("latin", _latin, ref name, ref most);
            Compare("zh", japanese ? 0 : 3 * _han, ref name, ref most);
            Compare("ja", japanese ? 3 * (_han + _kana) : 0, ref name, ref most);
            Compare("ko", 2 * _hangul, ref name, ref most);
            Compare("ru", _cyrillic, ref name, ref most);
            Compare("ar", _arabic, ref name, ref most);
            Compare("hi", _devanagari, ref name, ref most);
            Compare("th", _thai, ref name, ref most);
            return name;
        }
    }

    /// <summary>Adds the letters of a text.</summary>
    public void Count(ReadOnlySpan<char> text)
    {
        while (!text.IsEmpty)
        {
            if (text[0] < 0x80)
            {
                if (char.IsAsciiLetter(text[0])) _latin++;
                text = text[1..];
                continue;
            }
            Rune.DecodeFromUtf16(text, out var rune, out var length);
            text = text[length..];
            switch (rune.Value)
            {
                case >= 0xC0 and < 0x250: _latin++; break;
                case >= 0x400 and < 0x530: _cyrillic++; break;
                case >= 0x600 and < 0x780: _arabic++; break;
                case >= 0x900 and < 0x980: _devanagari++; break;
                case >= 0xE00 and < 0xE80: _thai++; break;
                case >= 0x3040 and < 0x3100: _kana++; break;
                case >= 0x4E00 and < 0xA000 or >= 0x3400 and < 0x4DC0 or >= 0x20000 and < 0x32000: _han++; break;
                case >= 0xAC00 and < 0xD7B0: _hangul++; break;
            }
        }
    }

    private static void Compare(string language, int count, ref string name, ref int most)
    {
        if (count > most) (name, most) = (language, count);
    }
}
