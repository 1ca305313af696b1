using System.Text;
using AlpacaCot.Tokenizers;

namespace AlpacaCot.Inference.Scheduling;

/// <summary>
/// The text of one answer while it grows: finds stop strings at the very token that completes them, and for a stream says what
/// may be shown, never half a character and never the beginning of a stop string.
/// </summary>
internal sealed class AnswerText
{
    private readonly ITokenizer _tokenizer;
    private readonly IReadOnlyList<string> _stops;
    private readonly ITokenStream? _stream;
    private readonly StringBuilder _released = new();
    private readonly int _window;
    private int _shown;

    public AnswerText(ITokenizer tokenizer, IReadOnlyList<string> stops, bool streaming)
    {
        _tokenizer = tokenizer;
        _stops = stops;
        _stream = streaming ? tokenizer.Stream(skipSpecialTokens: true) : null;
        // A character takes at most four tokens (its bytes), and the first token of a decoded run may lose its space.
        _window = stops.Count == 0 ? 0 : stops.Max(s => s.Length) * 4 + 4;
    }

    /// <summary>
    /// Takes the newest id, the last of <paramref name="ids"/>, and tells whether a stop string is complete now. The text is decoded afresh at the
    /// tail because a stream shows some tokens (bytes of a run) only when the next one has come, which is too late to stop at.
    /// </summary>
    public bool Append(List<int> ids)
    {
        if (_stream is not null) _released.Append(_stream.Append(ids[^1]));
        if (_stops.Count == 0) return false;
        var tail = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(ids)[Math.Max(0, ids.Count - _window)..];
        var text = _tokenizer.Decode(tail, skipSpecialTokens: true);
        foreach (var stop in _stops)
            if (text.Contains(stop, StringComparison.Ordinal)) return true;
        return false;
    }

    /// <summary>Text that can be shown since the last call.</summary>
    public string Show()
    {
        var length = _released.Length - HeldBack();
        if (length <= _shown) return "";
        var text = _released.ToString(_shown, length - _shown);
        _shown = length;
        return text;
    }

    /// <summary>Ends the text: what a stream has yet to show of <paramref name="text"/>.</summary>
    public string Rest(string text) => text.Length > _shown ? text[_shown..] : "";

    /// <summary>The whole decoded text of the new ids.</summary>
    public string Full(ReadOnlySpan<int> ids) => _tokenizer.Decode(ids, skipSpecialTokens: true);

    /// <summary>The text before the first stop string.</summary>
    public string Cut(string full)
    {
        var end = full.Length;
        foreach (var stop in _stops)
        {
            var at = full.IndexOf(stop, StringComparison.Ordinal);
            if (at >= 0 && at < end) end = at;
        }
        return full[..end];
    }

    /// <summary>Length of the longest end of the released text that a stop string may begin with.</summary>
    private int HeldBack()
    {
        var held = 0;
        foreach (var stop in _stops)
            for (var n = Math.Min(stop.Length, _released.Length); n > held; n--)
                if (EndsWith(stop.AsSpan(0, n))) { held = n; break; }
        return held;
    }

    private bool EndsWith(ReadOnlySpan<char> end)
    {
        var offset = _released.Length - end.Length;
        for (var i = 0; i < end.Length; i++)
            if (_released[offset + i] != end[i]) return false;
        return true;
    }
}
