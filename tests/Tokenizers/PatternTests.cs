using System.Text.RegularExpressions;
using AlpacaCot.Tokenizers.Patterns;

namespace AlpacaCot.Tokenizers.Tests;

public sealed class PatternTests
{
    private const string Cl100k = @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    [Theory]
    [InlineData(FamilyPattern.Gpt2)]
    [InlineData(Cl100k)]
    [InlineData(@"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")]
    public void FamilyPattern_AnyText_CutsAsTheRegularExpressionDoes(string pattern)
    {
        var scanner = FamilyPattern.Of(pattern);
        Assert.NotNull(scanner);
        var engine = new RunePattern(pattern);
        foreach (var text in TestTexts.Random(seed: 1, count: 3000)) Assert.Equal(Matches(engine, text), Matches(scanner, text));
    }

    [Theory]
    [InlineData(FamilyPattern.Gpt2)]
    [InlineData(Cl100k)]
    [InlineData(@"\s?\p{L}+")]
    [InlineData(@"[^a-fé\d]{2,4}?x*")]
    [InlineData(@"(?:ab|a)(?=c| )|(?<!\w)\d+(?!\d)|(?<=\s)[A-Z]")]
    [InlineData(@"(?>a+)b|(the|The)+|^.|.$")]
    [InlineData(@"\b\w{1,2}\b|\x41|\u4e2d|[\]\-x]")]
    public void RunePattern_BasicPlane_MatchesAsTheFrameworkDoes(string pattern)
    {
        var engine = new RunePattern(pattern);
        var framework = new Regex(pattern, RegexOptions.CultureInvariant | RegexOptions.Multiline);
        foreach (var random in TestTexts.Random(seed: 2, count: 2000))
        {
            // The framework sees halves of characters beyond the basic plane, and has its own view of word characters and last lines.
            var text = string.Concat(random.Where(c => !char.IsSurrogate(c) && c is not ('\u200B' or '\u200D' or '\u2028' or 'Ⅷ')) );
            if (text.EndsWith('\n')) text += "x";
            Assert.Equal(framework.Matches(text).Where(match => match.Length > 0).Select(match => (match.Index, match.Index + match.Length)), Matches(engine, text));
        }
    }

    [Theory]
    [InlineData(@"\p{L}+", "a𝐀𠀀b", "0-6")]
    [InlineData(@"[^\s\p{L}\p{N}]", "😀😀", "0-2,2-4")]
    [InlineData(@"[^(\s|[.,])]+", "ab.c(d", "0-2,3-4,5-6")]
    [InlineData(@"[a-z&&[^aeiou]]+", "abcde", "1-4")]
    [InlineData(@"a++a|b", "aaab", "3-4")]
    [InlineData(@"(?i:'s)", "'S 'ſ", "0-2,3-5")]
    [InlineData(@"\p{Han}+", "x中文y", "1-3")]
    [InlineData(@"a{,2}", "aaa", "0-2,2-3")]
    public void RunePattern_WhatTheFrameworkCannotDo_Matches(string pattern, string text, string expected)
        => Assert.Equal(expected, string.Join(",", Matches(new RunePattern(pattern), text).Select(match => $"{match.Item1}-{match.Item2}")));

    [Theory]
    [InlineData("(?#c)")]
    [InlineData(@"\k<a>")]
    [InlineData(@"\p{Klingon}")]
    [InlineData("(a")]
    [InlineData("[a")]
    [InlineData("a)")]
    [InlineData("(a?)*")]
    [InlineData("*")]
    public void RunePattern_UnknownSyntax_NamesThePattern(string pattern)
        => Assert.Contains(pattern, Assert.Throws<UnsupportedTokenizerException>(() => new RunePattern(pattern)).Message, StringComparison.Ordinal);

    [Fact]
    public void RunePattern_DeepNesting_IsRefusedAndDoesNotOverflow()
        => Assert.Throws<UnsupportedTokenizerException>(() => new RunePattern(new string('(', 100_000) + "a" + new string(')', 100_000)));

    private static List<(int, int)> Matches(ISplitPattern pattern, string text)
    {
        var matches = new List<(int, int)>();
        for (var from = 0; from <= text.Length && pattern.Find(text, from, out var begin, out var end); from = end > begin ? end : end + 1)
            if (end > begin) matches.Add((begin, end));
        return matches;
    }
}
