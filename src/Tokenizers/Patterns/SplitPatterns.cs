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

    /// <summary>The text of <c>{"pattern": {"String": …}}</c>, or null.</summary>
    public static string? Literal(Part part)
        => part.Get("pattern") is { ValueKind: JsonValueKind.Object } pattern && new Part(pattern, "pattern").Has("String") ? new Part(pattern, $"pattern of the {part.Kind}").Text("String") : null;

    /// <summary>The fastest matcher for a regular expression.</summary>
    public static ISplitPattern Regex(string pattern) => FamilyPattern.Of(pattern) is { } family ? family : new RunePattern(pattern);
}
