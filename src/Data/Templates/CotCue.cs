namespace AlpacaCot.Data.Templates;

/// <summary>
/// A sentence that asks for thought before an answer (the study's CoT*: arXiv 2310.07328 appends one to each instruction). Training and asking
/// use this one function, so that both put it in the same place.
/// </summary>
public static class CotCue
{
    /// <summary>
    /// The instruction followed by the cue; the instruction itself where the cue is null or empty. A space stands between, or a line break where
    /// the instruction has several lines; nothing after white space and between two characters of a script that is written without spaces.
    /// </summary>
    public static string Append(string instruction, string? cue)
    {
        if (string.IsNullOrEmpty(cue)) return instruction;
        if (instruction.Length == 0) return cue;
        var joined = char.IsWhiteSpace(instruction[^1]) || (WithoutSpaces(instruction[^1]) && WithoutSpaces(cue[0]));
        if (joined) return instruction + cue;
        return instruction.Contains('\n', StringComparison.Ordinal) ? $"{instruction}\n{cue}" : $"{instruction} {cue}";
    }

    // CJK symbols, kana, ideographs and full-width forms; the upper planes' ideographs are surrogate pairs.
    private static bool WithoutSpaces(char c) => c is >= '\u3000' and <= '\u9FFF' or >= '\uF900' and <= '\uFAFF' or >= '\uFF00' and <= '\uFFEF' || char.IsSurrogate(c);
}
