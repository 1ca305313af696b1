using System.Text.Json;
using AlpacaCot.Tokenizers.Json;

namespace AlpacaCot.Tokenizers.Patterns;

/// <summary>Reads <c>{"pattern": {"String": …}}</c> and <c>{"pattern": {"Regex": …}}</c>.</summary>
internal static class SplitPatterns
{
    public static ISplitPattern Read(Part part)
    {
        var pattern = part.Get("pattern");
        if (pattern.ValueKind == JsonValueKind.String) return new LiteralPattern(pattern.GetString()!);
        var inner = new Part(pattern, $"pattern of the {part.Kind}");
        return inner.Has("String") ? new LiteralPattern(inner.Text("String")) : Regex(inner.Text("Regex"));
    }

    /// <summary>The fastest matcher for a regular expression.</summary>
    public static ISplitPattern Regex(string pattern) => FamilyPattern.Of(pattern) is { } family ? family : new RunePattern(pattern);
}
