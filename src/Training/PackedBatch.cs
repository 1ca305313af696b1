using AlpacaCot.Data;
using AlpacaCot.Models;

namespace AlpacaCot.Training;

/// <summary>Rows of one or several members as one flat row of tokens without padding, and the positions that are supervised.</summary>
internal sealed class PackedBatch
{
    private PackedBatch(List<(MemberStep Step, PackRow Row)> rows)
    {
        var segments = new List<Segment>(rows.Count);
        var (ids, positions, targets, owners) = (new List<long>(), new List<long>(), new List<int>(), new List<MemberStep>());
        foreach (var (step, row) in rows)
        {
            var (start, labels) = (ids.Count, row.Example.Labels);
            segments.Add(new Segment(start, labels.Length, row.Member));
            foreach (var id in row.Example.Ids) ids.Add(id);
            for (var t = 0; t + 1 < labels.Length; t++)
            {
                if (labels[t + 1] == Example.Ignored) continue; // labels are not shifted: position t predicts label t + 1
                positions.Add(start + t);
                targets.Add(labels[t + 1]);
                owners.Add(step);
            }
        }
        Ids = [.. ids];
        Layout = new SegmentLayout(segments);
        Keys = [.. rows.Select(row => row.Row.Key)];
        Positions = [.. positions];
        Targets = [.. targets];
        Owners = [.. owners];
    }

    /// <summary>Token ids <c>[tokens]</c>.</summary>
    public long[] Ids { get; }

    /// <summary>The segments, sorted by member.</summary>
    public SegmentLayout Layout { get; }

    /// <summary>Keys of the segments' dropout masks.</summary>
    public ulong[] Keys { get; }

    /// <summary>The positions whose hidden state predicts a supervised token.</summary>
    public long[] Positions { get; }

    /// <summary>What each of them predicts.</summary>
    public int[] Targets { get; }

    /// <summary>Whose step each of them counts in.</summary>
    public MemberStep[] Owners { get; }

    /// <summary>
    /// Cuts the rows of all members' steps into batches of at most <paramref name="tokenBudget"/> tokens, and of at most as many rows of a member as its
    /// gradient accumulation leaves to a part. Rows are never cut.
    /// </summary>
    public static IEnumerable<PackedBatch> Cut(IEnumerable<MemberStep> steps, int tokenBudget)
    {
        var (rows, tokens) = (new List<(MemberStep, PackRow)>(), 0);
        foreach (var step in steps)
        {
            var own = 0;
            foreach (var row in step.Rows)
            {
                if (rows.Count > 0 && (tokens + row.Example.Ids.Length > tokenBudget || own == step.RowsPerPart))
                {
                    yield return new PackedBatch(rows);
                    (rows, tokens, own) = ([], 0, 0);
                }
                rows.Add((step, row));
                tokens += row.Example.Ids.Length;
                own++;
            }
        }
        if (rows.Count > 0) yield return new PackedBatch(rows);
    }
}
