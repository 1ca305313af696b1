using System.Text;
using AlpacaCot.Tokenizers.Patterns;

namespace AlpacaCot.Tokenizers.Json;

/// <summary>The end: collects the text.</summary>
internal sealed class TextSink() : DecodeStage(null)
{
    private readonly StringBuilder _text = new();

    public override void Push(ReadOnlySpan<char> text, bool begins, bool ends) => _text.Append(text);

    /// <summary>What was collected since the last call.</summary>
    public string Take()
    {
        if (_text.Length == 0) return "";
        var text = _text.ToString();
        _text.Clear();
        return text;
    }
}

/// <summary>All tokens become one.</summary>
internal sealed class FuseStage(DecodeStage next) : DecodeStage(next)
{
    private bool _began;

    public override void Push(ReadOnlySpan<char> text, bool begins, bool ends)
    {
        Next.Push(text, !_began, ends: false);
        _began = true;
    }
}

/// <summary>A space between tokens.</summary>
internal sealed class JoinStage(DecodeStage next) : DecodeStage(next)
{
    private bool _began;

    public override void Push(ReadOnlySpan<char> text, bool begins, bool ends)
    {
        if (begins && _began) Next.Push(" ", begins: true, ends: true);
        _began = true;
        Next.Push(text, begins, ends);
    }
}

/// <summary>Another character for one character.</summary>
internal sealed class ReplaceCharacterStage(DecodeStage next, char from, char to) : DecodeStage(next)
{
    private char[] _room = new char[64];

    public override void Push(ReadOnlySpan<char> text, bool begins, bool ends)
    {
        if (text.IndexOf(from) < 0)
        {
            Next.Push(text, begins, ends);
            return;
        }
        if (_room.Length < text.Length) _room = new char[2 * text.Length];
        text.Replace(_room, from, to);
        Next.Push(_room.AsSpan(0, text.Length), begins, ends);
    }
}

/// <summary>A stage that needs whole tokens.</summary>
internal abstract class WholeTokenStage(DecodeStage next) : DecodeStage(next)
{
    private readonly StringBuilder _partial = new();
    private bool _open;

    public sealed override void Push(ReadOnlySpan<char> text, bool begins, bool ends)
    {
        if (begins) Close();
        if (begins && ends)
        {
            Token(text.ToString());
            return;
        }
        _open = true;
        _partial.Append(text);
        if (ends) Close();
    }

    public override void End()
    {
        Close();
        base.End();
    }

    protected abstract void Token(string token);

    protected void Write(string token) => Next.Push(token, begins: true, ends: true);

    private void Close()
    {
        if (!_open) return;
        _open = false;
        var token = _partial.ToString();
        _partial.Clear();
        Token(token);
    }
}

/// <summary>Other text for what a pattern matches.</summary>
internal sealed class ReplaceStage(DecodeStage next, ISplitPattern pattern, string content) : WholeTokenStage(next)
{
    protected override void Token(string token) => Write(Normalizers.Replace(token, pattern, content, TokenizerLimits.LongestDecoded));
}

/// <summary>Takes up to so many of one character from the beginning of each token.</summary>
internal sealed class StripStartStage(DecodeStage next, char content, int start) : DecodeStage(next)
{
    private int _left;

    public override void Push(ReadOnlySpan<char> text, bool begins, bool ends)
    {
        if (begins) _left = start;
        while (_left > 0 && text.Length > 0)
        {
            _left = text[0] == content ? _left - 1 : 0;
            if (text[0] == content) text = text[1..];
        }
        Next.Push(text, begins, ends);
    }
}

/// <summary>Takes up to so many of one character from the end of each token.</summary>
internal sealed class StripEndStage(DecodeStage next, char content, int stop) : WholeTokenStage(next)
{
    protected override void Token(string token)
    {
        var kept = Math.Max(token.AsSpan().TrimEnd(content).Length, token.Length - stop);
        Write(token[..kept]);
    }
}

/// <summary>Marks to spaces; the first token's own marks are what was put in front.</summary>
internal sealed class MetaspaceStage(DecodeStage next, char mark, bool prepended) : WholeTokenStage(next)
{
    private bool _began;

    protected override void Token(string token)
    {
        Write(!_began && prepended ? token.Replace(mark.ToString(), "", StringComparison.Ordinal) : token.Replace(mark, ' '));
        _began = true;
    }
}

/// <summary>A suffix at the end of words to spaces, to nothing in the last token.</summary>
internal sealed class SuffixStage(DecodeStage next, string suffix) : WholeTokenStage(next)
{
    private string? _held;

    protected override void Token(string token)
    {
        Release(" ");
        if (token.Contains(suffix, StringComparison.Ordinal)) _held = token;
        else Write(token);
    }

    public override void End()
    {
        Release("");
        base.End();
    }

    private void Release(string replacement)
    {
        if (_held is not null) Write(_held.Replace(suffix, replacement, StringComparison.Ordinal));
        _held = null;
    }
}

/// <summary>Word pieces: a token with the prefix continues the one before, others follow a space.</summary>
internal sealed class WordPieceStage(DecodeStage next, string prefix, bool cleanup) : WholeTokenStage(next)
{
    private static readonly (string From, string To)[] _tidy =
    [
        (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"), (" 'm", "'m"),
        (" do not", " don't"), (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
    ];

    private bool _began;

    public static string Tidy(string token)
    {
        foreach (var (from, to) in _tidy) token = token.Replace(from, to, StringComparison.Ordinal);
        return token;
    }

    protected override void Token(string token)
    {
        if (_began) token = token.StartsWith(prefix, StringComparison.Ordinal) ? token[prefix.Length..] : " " + token;
        _began = true;
        Write(cleanup ? Tidy(token) : token);
    }
}

/// <summary>Connectionist temporal classification: repeated tokens once, padding away (Graves et al. 2006).</summary>
internal sealed class CtcStage(DecodeStage next, string pad, string delimiter, bool cleanup) : WholeTokenStage(next)
{
    private string? _last;

    protected override void Token(string token)
    {
        if (token == _last) return;
        _last = token;
        var text = pad.Length == 0 ? token : token.Replace(pad, "", StringComparison.Ordinal);
        if (cleanup)
        {
            text = WordPieceStage.Tidy(text);
            if (delimiter.Length > 0) text = text.Replace(delimiter, " ", StringComparison.Ordinal);
        }
        if (text.Length > 0) Write(text);
    }
}
