using AlpacaCot.Tokenizers;

namespace AlpacaCot.Inference.Scheduling;

/// <summary>Texts that end an answer wherever they appear in it.</summary>
internal static class StopStrings
{
    /// <summary>
    /// Whether a stop string is complete with the last of the ids. The text is decoded afresh at the tail because a stream shows some tokens (bytes of a run)
    /// only when the next one has come, which is too late to stop at.
    /// </summary>
    public static bool Complete(ITokenizer tokenizer, ReadOnlySpan<int> ids, IReadOnlyList<string> stops)
    {
        if (stops.Count == 0) return false;
        // A character takes at most four tokens (its bytes), and the first token of a decoded run may lose its space.
        var window = stops.Max(s => s.Length) * 4 + 4;
        var text = tokenizer.Decode(ids[Math.Max(0, ids.Length - window)..], skipSpecialTokens: true);
        foreach (var stop in stops)
            if (text.Contains(stop, StringComparison.Ordinal)) return true;
        return false;
    }

    /// <summary>The text before the first stop string.</summary>
    public static string Cut(string text, IReadOnlyList<string> stops)
    {
        var end = text.Length;
        foreach (var stop in stops)
        {
            var at = text.IndexOf(stop, StringComparison.Ordinal);
            if (at >= 0 && at < end) end = at;
        }
        return text[..end];
    }
}
