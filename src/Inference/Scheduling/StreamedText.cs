using System.Text;
using AlpacaCot.Tokenizers;

namespace AlpacaCot.Inference.Scheduling;

/// <summary>The text of one answer while it is streamed: says what may be shown, never half a character and never the beginning of a stop string.</summary>
internal sealed class StreamedText(ITokenizer tokenizer, IReadOnlyList<string> stops)
{
    private readonly ITokenStream _stream = tokenizer.Stream(skipSpecialTokens: true);
    private readonly StringBuilder _released = new();
    private int _shown;

    /// <summary>Takes the newest id.</summary>
    public void Append(int id) => _released.Append(_stream.Append(id));

    /// <summary>Text that can be shown since the last call.</summary>
    public string Show()
    {
        var length = _released.Length - HeldBack();
        if (length <= _shown) return "";
        var text = _released.ToString(_shown, length - _shown);
        _shown = length;
        return text;
    }

    /// <summary>Ends the text: what is yet to be shown of <paramref name="text"/>.</summary>
    public string Rest(string text) => text.Length > _shown ? text[_shown..] : "";

    /// <summary>Length of the longest end of the released text that a stop string may begin with.</summary>
    private int HeldBack()
    {
        var held = 0;
        foreach (var stop in stops)
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
