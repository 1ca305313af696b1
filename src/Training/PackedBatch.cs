using AlpacaCot.Data;
using AlpacaCot.Models;

namespace AlpacaCot.Training;

/// <summary>Rows of one or several members as one flat row of tokens without padding, and the positions that are supervised.</summary>
internal sealed class PackedBatch
{
    private readonly List<int> _ids = [];
    private readonly List<Segment> _segments = [];
    private readonly List<int> _positions = [], _targets = [];
    private readonly List<MemberStep> _owners = [];

    private PackedBatch(List<(MemberStep Step, PackRow Row)> rows, Func<MemberStep, Example, int> sharable)
    {
        foreach (var member in rows.GroupBy(row => row.Step, row => row.Row))
        {
            PackRow[] own = [.. member];
            var groups = SharedBeginnings.Find(Array.ConvertAll(own, row => row.Example.Ids), Array.ConvertAll(own, row => sharable(member.Key, row.Example)));
            foreach (var group in groups) Add(member.Key, Array.ConvertAll(group.Rows, row => own[row]), group.Shared);
        }
        Ids = [.. _ids.Select(id => (long)id)];
        Layout = new SegmentLayout(_segments);
        Positions = [.. _positions];
        Targets = [.. _targets];
        Owners = [.. _owners];
    }

    /// <summary>Token ids <c>[tokens]</c>.</summary>
    public long[] Ids { get; }

    /// <summary>The segments, sorted by member; what rows share is a segment of its own that theirs continue.</summary>
    public SegmentLayout Layout { get; }

    /// <summary>The positions whose hidden state predicts a supervised token, ascending.</summary>
    public int[] Positions { get; }

    /// <summary>What each of them predicts.</summary>
    public int[] Targets { get; }

    /// <summary>Whose step each of them counts in.</summary>
    public MemberStep[] Owners { get; }

    /// <summary>
    /// Cuts the rows of all members' steps into batches of at most <see cref="CoTrainerOptions.TokenBudget"/> tokens, and of at most as many rows of a member as its
    /// gradient accumulation leaves to a part. Rows are never cut, and a member's are kept together where they fit: those of one template begin alike. A batch that fills the machine ends there.
    /// </summary>
    public static IEnumerable<PackedBatch> Cut(IEnumerable<MemberStep> steps, CoTrainerOptions options, DecoderConfig model)
    {
        int Sharable(MemberStep step, Example row) => options.WholeRows ? 0 : PackedBatch.Sharable(step, row, model);
        var (rows, tokens, enough) = (new List<(MemberStep, PackRow)>(), 0, options.TokensThatFill ?? options.TokenBudget);
        foreach (var step in steps)
        {
            var (own, whole) = (0, step.Rows.Sum(row => Length(step, row)));
            var apart = tokens >= enough || (tokens + whole > options.TokenBudget && whole <= options.TokenBudget);
            foreach (var row in step.Rows)
            {
                if (rows.Count > 0 && (apart || tokens + Length(step, row) > options.TokenBudget || own == step.RowsPerPart))
                {
                    yield return new PackedBatch(rows, Sharable);
                    (rows, tokens, own) = ([], 0, 0);
                }
                apart = false;
                rows.Add((step, row));
                tokens += Length(step, row);
                own++;
            }
        }
        if (rows.Count > 0) yield return new PackedBatch(rows, Sharable);
    }

    // Virtual rows are computed like tokens.
    private static int Length(MemberStep step, PackRow row) => row.Example.Ids.Length + step.State.Member.Adapter.Prefix.Rows;

    // How many first tokens a row may have in common with others: those before the first that predicts something, if all that is computed of them is
    // the same in every row.
    private static int Sharable(MemberStep step, Example row, DecoderConfig model)
        => model.BeginningsAreShared(row.Ids.Length + step.State.Member.Adapter.Prefix.Count) ? row.FirstPrediction : 0;

    private void Add(MemberStep step, PackRow[] rows, int shared)
    {
        var front = -1;
        if (shared > 0)
        {
            front = _segments.Count;
            _segments.Add(new Segment(_ids.Count, shared, rows[0].Member, Keys: rows[0].KeysOf(..shared)));
            _ids.AddRange(rows[0].Example.Ids.AsSpan(0, shared));
        }
        foreach (var row in rows)
        {
            var (start, labels) = (_ids.Count - shared, row.Example.Labels);
            _segments.Add(new Segment(_ids.Count, labels.Length - shared, row.Member, shared, Continues: front, Keys: row.KeysOf(shared..)));
            _ids.AddRange(row.Example.Ids.AsSpan(shared));
            for (var t = shared; t + 1 < labels.Length; t++)
            {
                if (labels[t + 1] == Example.Ignored) continue; // labels are not shifted: position t predicts label t + 1
                _positions.Add(start + t);
                _targets.Add(labels[t + 1]);
                _owners.Add(step);
            }
        }
    }
}
