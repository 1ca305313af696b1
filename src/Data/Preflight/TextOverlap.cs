using System.Runtime.CompilerServices;

namespace AlpacaCot.Data.Preflight;

/// <summary>
/// Texts that a row must not share a run of words with: 13 words in a row, as Brown et al. 2020 (GPT-3) look for test questions in training data. Words are runs of letters and digits whatever their case; a letter of a
/// script without spaces is a word.
/// </summary>
public sealed class TextOverlap
{
    /// <summary>Words of a run.</summary>
    public const int RunWords = 13;

    /// <summary>From here on scripts are written without spaces.</summary>
    private const char FirstWithoutSpaces = '\u3000';

    /// <summary>Odd; a run's hash is the polynomial of its words' hashes, so that the next run costs one word.</summary>
    private const ulong Base = 0x9E3779B97F4A7C15, WordBase = 0x100000001B3;

    private static readonly ulong _leaving = Power(RunWords);

    private readonly HashSet<ulong> _runs = [];

    // A bit for each run: most rows share none, and their runs need not be looked up.
    private readonly ulong[] _bits = new ulong[FilterBits / 64];
    private const int FilterBits = 1 << 20;

    /// <summary>Takes texts; those with fewer words have no runs.</summary>
    public TextOverlap(IEnumerable<string> texts)
    {
        foreach (var text in texts)
            foreach (var run in new RunEnumerator(text))
                if (_runs.Add(run)) _bits[Bit(run) / 64] |= 1UL << (Bit(run) % 64);
    }

    /// <summary>Whether a conversation shares a run with one of the texts.</summary>
    public bool IsIn(Conversation conversation)
    {
        if (_runs.Count == 0) return false;
        foreach (var turn in conversation.Turns)
            foreach (var run in new RunEnumerator(turn.Whole))
                if ((_bits[Bit(run) / 64] >> (Bit(run) % 64) & 1) == 1 && _runs.Contains(run)) return true;
        return false;
    }

    private static int Bit(ulong run) => (int)(run >> 44) & (FilterBits - 1);

    private static ulong Power(int exponent)
    {
        var power = 1UL;
        for (var i = 0; i < exponent; i++) power *= Base;
        return power;
    }

    /// <summary>The hashes of a text's runs of words.</summary>
    private ref struct RunEnumerator(ReadOnlySpan<char> text)
    {
        private readonly ReadOnlySpan<char> _text = text;
        private Last _last;
        private int _at;
        private int _words;
        private ulong _run;

        public ulong Current { get; private set; }

        public readonly RunEnumerator GetEnumerator() => this;

        public bool MoveNext()
        {
            while (NextWord() is { } word)
            {
                var slot = _words++ % RunWords;
                _run = (_run * Base) + word - (_words > RunWords ? _last[slot] * _leaving : 0);
                _last[slot] = word;
                if (_words < RunWords) continue;
                // The polynomial's high bits depend on all words, its low ones hardly: they are mixed for the table.
                Current = (_run ^ (_run >> 29)) * 0xBF58476D1CE4E5B9;
                return true;
            }
            return false;
        }

        private ulong? NextWord()
        {
            while (_at < _text.Length && !char.IsLetterOrDigit(_text[_at])) _at++;
            if (_at == _text.Length) return null;
            var first = char.ToLowerInvariant(_text[_at++]);
            var hash = (0xCBF29CE484222325 ^ first) * WordBase;
            if (first >= FirstWithoutSpaces) return hash;
            for (; _at < _text.Length && _text[_at] < FirstWithoutSpaces && char.IsLetterOrDigit(_text[_at]); _at++) hash = (hash ^ char.ToLowerInvariant(_text[_at])) * WordBase;
            return hash ^ (hash >> 32);
        }
    }

    /// <summary>The words of a run.</summary>
    [InlineArray(RunWords)]
    private struct Last
    {
        private ulong _first;
    }
}
