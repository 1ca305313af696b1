namespace AlpacaCot.Tokenizers.Patterns;

/// <summary>The syntax tree of a regular expression.</summary>
internal abstract record PatternNode
{
    /// <summary>One code point of a set.</summary>
    public sealed record One(CodePointSet Set) : PatternNode;

    /// <summary>One after the other.</summary>
    public sealed record Sequence(IReadOnlyList<PatternNode> Parts) : PatternNode;

    /// <summary>The first that leads to a match.</summary>
    public sealed record Choice(IReadOnlyList<PatternNode> Options) : PatternNode;

    /// <summary>Repetition; a negative maximum is none.</summary>
    public sealed record Repeat(PatternNode Body, int Min, int Max, RepeatKind Kind) : PatternNode;

    /// <summary>(?=…), (?!…), (?&lt;=…), (?&lt;!…)</summary>
    public sealed record Look(PatternNode Body, bool Behind, bool Negative) : PatternNode;

    /// <summary>(?&gt;…)</summary>
    public sealed record Atomic(PatternNode Body) : PatternNode;

    /// <summary>^, $, \A, \z, \b, \B</summary>
    public sealed record Anchor(AnchorKind Kind) : PatternNode;

    /// <summary>Whether nothing can match.</summary>
    public bool CanBeEmpty => this switch
    {
        One => false,
        Sequence sequence => sequence.Parts.All(part => part.CanBeEmpty),
        Choice choice => choice.Options.Any(option => option.CanBeEmpty),
        Repeat repeat => repeat.Min == 0 || repeat.Body.CanBeEmpty,
        Atomic atomic => atomic.Body.CanBeEmpty,
        _ => true,
    };

    /// <summary>The most code points that it matches; null where there is no bound.</summary>
    public int? MostCodePoints => this switch
    {
        One => 1,
        Sequence sequence => Sum(sequence.Parts),
        Choice choice => choice.Options.Any(option => option.MostCodePoints is null) ? null : choice.Options.Max(option => option.MostCodePoints),
        Repeat { Max: < 0 } => null,
        // Beyond any text that is tokenized, a bound is none.
        Repeat repeat => repeat.Body.MostCodePoints is { } points && (long)points * repeat.Max < 1 << 28 ? points * repeat.Max : null,
        Atomic atomic => atomic.Body.MostCodePoints,
        _ => 0,
    };

    private static int? Sum(IReadOnlyList<PatternNode> parts)
    {
        long sum = 0;
        foreach (var part in parts)
            if (part.MostCodePoints is { } points && (sum += points) < 1 << 28) continue;
            else return null;
        return (int)sum;
    }
}

internal enum RepeatKind { Greedy, Lazy, Possessive }

internal enum AnchorKind { LineBegin, LineEnd, TextBegin, TextEnd, TextEndOrLast, WordBoundary, NoWordBoundary }
