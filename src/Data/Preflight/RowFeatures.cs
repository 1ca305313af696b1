using System.Buffers;
using System.IO.Hashing;
using System.Runtime.InteropServices;

namespace AlpacaCot.Data.Preflight;

/// <summary>What the pre-flight report looks at in a row's text; computed for each row apart, on any thread.</summary>
/// <param name="Signature">MinHash of its text; null where the text is too short to be compared.</param>
/// <param name="Language">Its language as its script tells it.</param>
/// <param name="Fingerprint">Equal rows have the same; 64 bits of a hash.</param>
internal readonly record struct RowFeatures(uint[]? Signature, string Language, ulong Fingerprint)
{
    /// <summary>The features of a conversation; a system text counts for its fingerprint alone.</summary>
    public static RowFeatures Of(Conversation conversation)
    {
        var (length, fingerprint) = (0, 0UL);
        foreach (var turn in conversation.Turns)
        {
            if (turn.Role != TurnRole.System) length += turn.Text.Length + turn.Input.Length;
            fingerprint = Hash(turn.Input, Hash(turn.Text, (fingerprint * 31) + (ulong)turn.Role + 1));
        }
        var letters = ArrayPool<char>.Shared.Rent(length);
        var (count, scripts) = (0, new ScriptCounts());
        foreach (var turn in conversation.Turns)
        {
            if (turn.Role == TurnRole.System) continue;
            Take(turn.Text);
            Take(turn.Input);
        }
        var features = new RowFeatures(MinHash.Of(letters.AsSpan(0, count)), scripts.Language, fingerprint);
        ArrayPool<char>.Shared.Return(letters);
        return features;

        void Take(string text)
        {
            scripts.Count(text);
            count += MinHash.Letters(text, letters.AsSpan(count));
        }
    }

    /// <summary>The language that a text's script stands for, see <see cref="ScriptCounts"/>.</summary>
    public static string LanguageOf(string text)
    {
        var scripts = new ScriptCounts();
        scripts.Count(text);
        return scripts.Language;
    }

    private static ulong Hash(string text, ulong seed) => XxHash3.HashToUInt64(MemoryMarshal.AsBytes(text.AsSpan()), (long)seed) + (ulong)text.Length;
}
