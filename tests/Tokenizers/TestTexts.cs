#pragma warning disable RS0030 // Seeded generators of tests
using System.Text;

namespace AlpacaCot.Tokenizers.Tests;

/// <summary>Seeded texts that are hard on tokenizers.</summary>
internal static class TestTexts
{
    private static readonly string[] _parts =
    [
        "a", "The", " the", "ing", "Don't", "'LL", "'s", "12", "2024", "3.14", " ", "  ", "     ", "\n", "\r\n", "\t", "\u00A0", "\u3000", "\u2028", "\u0085", ".", "...", "!?", "(x)", "_", "é", "e\u0301",
        "ß", "İ", "中文", "日本語", "한국어", "ไทย", "Привет", "😀", "👩\u200D💻", "🏳\uFE0F\u200D🌈", "𝐀𝐁", "𠀀", "\u0000", "\u200B", "\uFEFF", "\uFFFD", "▁", "<s>", "</s>", "{\"k\": [1]}", "²", "½", "Ⅷ",
    ];

    public static IEnumerable<string> Random(int seed, int count, int longest = 30)
    {
        var random = new Random(seed);
        for (var i = 0; i < count; i++)
        {
            var text = new StringBuilder();
            for (var left = random.Next(longest); left > 0; left--) text.Append(_parts[random.Next(_parts.Length)]);
            yield return text.ToString();
        }
    }

    /// <summary>A small corpus with some repetition in it.</summary>
    public static IReadOnlyList<string> Corpus { get; } =
    [
        .. Enumerable.Range(0, 300).Select(i => $"{i} + {7 * i % 89} = {i + 7 * i % 89}\n"),
        .. Enumerable.Range(0, 80).Select(i => $"### Instruction:\nWhat is the sum of {i} and {i * i}?\n\n### Response:\nThe sum is {i + i * i}. Let's think step by step."),
        "中文测试 中文测试 中文", "Don't they'll we've DON'T", "é è ê 😀😀",
    ];
}
