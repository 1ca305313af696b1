namespace AlpacaCot.Data.Preflight;

/// <summary>What the pre-flight report looks at in a row's text; computed for each row apart, on any thread.</summary>
/// <param name="Signature">MinHash of its text; null where the text is too short to be compared.</param>
/// <param name="Language">Its language as its script tells it.</param>
internal readonly record struct RowFeatures(uint[]? Signature, string Language)
{
    /// <summary>The features of a conversation.</summary>
    public static RowFeatures Of(Conversation conversation)
    {
        var text = string.Join('\n', conversation.Turns.Where(turn => turn.Role != TurnRole.System).Select(turn => turn.Whole));
        return new RowFeatures(MinHash.Signature(text), LanguageOf(text));
    }

    /// <summary>
    /// The language that a text's script stands for (<c>zh, ja, ko, ru, ar, hi, th</c>), or <c>latin</c>, whose languages are not told apart; <c>none</c> where there are no letters. Han letters count thrice,
    /// since a word has one or two of them.
    /// </summary>
    public static string LanguageOf(string text)
    {
        int latin = 0, han = 0, kana = 0, hangul = 0, cyrillic = 0, arabic = 0, devanagari = 0, thai = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            switch (rune.Value)
            {
                case < 0x80 when char.IsAsciiLetter((char)rune.Value):
                case >= 0xC0 and < 0x250: latin++; break;
                case >= 0x400 and < 0x530: cyrillic++; break;
                case >= 0x600 and < 0x780: arabic++; break;
                case >= 0x900 and < 0x980: devanagari++; break;
                case >= 0xE00 and < 0xE80: thai++; break;
                case >= 0x3040 and < 0x3100: kana++; break;
                case >= 0x4E00 and < 0xA000 or >= 0x3400 and < 0x4DC0 or >= 0x20000 and < 0x32000: han++; break;
                case >= 0xAC00 and < 0xD7B0: hangul++; break;
            }
        }
        var counts = new[] { ("latin", latin), ("zh", kana * 10 > han ? 0 : 3 * han), ("ja", kana * 10 > han ? 3 * (han + kana) : 0), ("ko", 2 * hangul), ("ru", cyrillic), ("ar", arabic), ("hi", devanagari), ("th", thai) };
        var (name, count) = counts.MaxBy(entry => entry.Item2);
        return count == 0 ? "none" : name;
    }
}
