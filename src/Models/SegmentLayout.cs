namespace AlpacaCot.Models;

/// <summary>One run of tokens of one sequence in a packed batch.</summary>
/// <param name="Start">Index of its first token in the flat row.</param>
/// <param name="Length">Number of tokens.</param>
/// <param name="Member">The adapter it belongs to (index in the bank); -1 is the bare base.</param>
/// <param name="Position">Position of its first token: how many tokens of the sequence came before (are in the KV cache).</param>
/// <param name="Sequence">Which sequence of the KV cache it extends; -1 without a cache.</param>
/// <param name="Continues">
/// Index of the segment of this batch whose tokens come before its own, or -1: sequences that begin alike have their beginning in the batch once. That one may
/// continue another itself.
/// </param>
/// <param name="Keys">A key for each of its tokens, which decides their random numbers in training (dropout); empty where nothing is drawn.</param>
public readonly record struct Segment(int Start, int Length, int Member = -1, int Position = 0, int Sequence = -1, int Continues = -1, ReadOnlyMemory<ulong> Keys = default)
{
    /// <summary>One past its last token.</summary>
    public int End => Start + Length;

    /// <summary>The virtual tokens in front of its sequence. The decoder fills it in, and counts them in <see cref="Position"/>, before it hands a layout to hooks.</summary>
    public SegmentPrefix Prefix { get; init; }
}

/// <summary>Consecutive segments of one member: the range of rows that this member's adapter acts on.</summary>
public readonly record struct MemberRun(int Member, int Start, int Length);

/// <summary>
/// The layout of a packed batch: a flat row of tokens, cut into segments that do not see each other, but for the one that a segment continues.
/// Padding exists nowhere; each segment belongs to one adapter.
/// </summary>
public sealed class SegmentLayout
{
    /// <summary>Creates a layout; the segments must follow each other without a hole, those that continue another one behind it, as a tree is written down.</summary>
    /// <exception cref="ArgumentException">A segment is empty, does not begin where the previous one ends, or continues one that it cannot.</exception>
    public SegmentLayout(IReadOnlyList<Segment> segments)
    {
        var at = 0;
        var open = new Stack<int>();
        var runs = new List<MemberRun>();
        for (var i = 0; i < segments.Count; i++)
        {
            var s = segments[i];
            if (s.Start != at || s.Length <= 0) throw new ArgumentException($"segment {s} does not follow token {at}", nameof(segments));
            at = s.End;
            while (open.TryPeek(out var last) && last != s.Continues) open.Pop();
            if (s.Continues >= 0)
            {
                if (!open.TryPeek(out var front) || segments[front] is var first && (first.Member != s.Member || first.Position + first.Length != s.Position))
                    throw new ArgumentException($"segment {s} cannot continue segment {s.Continues}: it must stand behind it with none but its other continuations between, be of the same member, and begin at the next position", nameof(segments));
                Shares = true;
            }
            open.Push(i);
            if (runs.Count > 0 && runs[^1].Member == s.Member) runs[^1] = runs[^1] with { Length = runs[^1].Length + s.Length };
            else runs.Add(new MemberRun(s.Member, s.Start, s.Length));
        }
        Segments = segments;
        Runs = runs;
        Tokens = at;
    }

    /// <summary>The segments in order.</summary>
    public IReadOnlyList<Segment> Segments { get; }

    /// <summary>Runs of equal members in order; a batch sorted by member has one run per member.</summary>
    public IReadOnlyList<MemberRun> Runs { get; }

    /// <summary>Whether a segment continues another one.</summary>
    internal bool Shares { get; }

    /// <summary>Number of tokens in the flat row.</summary>
    public int Tokens { get; }

    /// <summary>A single sequence of one member from position 0.</summary>
    public static SegmentLayout Single(int tokens, int member = -1) => new([new Segment(0, tokens, member)]);

    /// <summary>Sequences of the given lengths of one member, one behind the other.</summary>
    public static SegmentLayout Of(IEnumerable<int> lengths, int member = -1)
    {
        var segments = new List<Segment>();
        foreach (var length in lengths) segments.Add(new Segment(segments.Count == 0 ? 0 : segments[^1].End, length, member));
        return new SegmentLayout(segments);
    }
}
