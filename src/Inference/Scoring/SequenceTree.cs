using AlpacaCot.Models;

namespace AlpacaCot.Inference.Scoring;

/// <summary>One sequence of a forward pass.</summary>
/// <param name="Member">The adapter that it is fed to.</param>
/// <param name="Ids">Its token ids; at least one.</param>
/// <param name="Shares">Whether a beginning of it is computed the same whatever follows; if not, it is shared with its equals alone.</param>
internal readonly record struct Sequence(int Member, int[] Ids, bool Shares) : IComparable<Sequence>
{
    /// <summary>By member, and then as words in a dictionary: those that begin alike stand side by side.</summary>
    public int CompareTo(Sequence other)
        => (Member, Shares).CompareTo((other.Member, other.Shares)) is not 0 and var order ? order : Ids.AsSpan().SequenceCompareTo(other.Ids);

    /// <summary>How many first tokens it need not have computed where <paramref name="before"/> has been.</summary>
    public int InCommon(Sequence before) => (Member, Shares) != (before.Member, before.Shares) ? 0
        : Ids.AsSpan().CommonPrefixLength(before.Ids) is var common && (Shares || common == Ids.Length && common == before.Ids.Length) ? common : 0;
}

/// <summary>The sequences of one forward pass as a tree of segments: what several of them begin with (the examples of all questions, the question of all its options) is in it once.</summary>
internal sealed class SequenceTree
{
    private readonly IReadOnlyList<Sequence> _sequences;
    private readonly List<long> _ids = [];
    private readonly List<Segment> _segments = [];
    private readonly int[] _lasts;

    /// <summary>Takes sorted sequences.</summary>
    public SequenceTree(IReadOnlyList<Sequence> sequences)
    {
        _sequences = sequences;
        _lasts = new int[sequences.Count];
        for (int from = 0, to; from < sequences.Count; from = to)
        {
            to = from + 1;
            while (to < sequences.Count && sequences[to].InCommon(sequences[from]) > 0) to++;
            Grow(from, to, 0, -1);
        }
        Layout = new SegmentLayout(_segments);
    }

    /// <summary>The tokens of all segments.</summary>
    public long[] Ids => [.. _ids];

    /// <summary>The segments.</summary>
    public SegmentLayout Layout { get; }

    /// <summary>Where a token of a sequence stands.</summary>
    public int Row(int sequence, int token)
    {
        var segment = _segments[_lasts[sequence]];
        while (segment.Position > token) segment = _segments[segment.Continues];
        return segment.Start + token - segment.Position;
    }

    // Adds sequences whose first tokens, as many as depth, are those up to a segment (-1: none).
    private void Grow(int from, int to, int depth, int front)
    {
        var (first, last) = (_sequences[from].Ids, _sequences[to - 1].Ids);
        var common = first.AsSpan().CommonPrefixLength(last);
        if (common > depth && (common == first.Length || common - depth >= SharedBeginnings.Least))
        {
            _segments.Add(new Segment(_ids.Count, common - depth, _sequences[from].Member, depth, Continues: front));
            foreach (var id in first.AsSpan(depth, common - depth)) _ids.Add(id);
            (front, depth) = (_segments.Count - 1, common);
        }
        for (; from < to && _sequences[from].Ids.Length == depth; from++) _lasts[from] = front;
        for (int end; from < to; from = end)
        {
            end = from + 1;
            while (end < to && _sequences[end].Ids[common] == _sequences[from].Ids[common]) end++;
            Grow(from, end, depth, front);
        }
    }
}
