namespace AlpacaCot.Experiments.Aggregation;

/// <summary>One metric's values as a table: a row for each cell (combination of all factors but the seed), a column for each seed.</summary>
internal sealed class Cells
{
    private readonly Dictionary<string, Cell> _cells = new(StringComparer.Ordinal);

    public sealed record Cell(string Group, IReadOnlyDictionary<string, string> Factors)
    {
        public SortedDictionary<int, double> BySeed { get; } = [];

        /// <summary>The cell's name with one factor left out: cells of one context differ only in that factor.</summary>
        public string Context(params ReadOnlySpan<string> without)
        {
            var parts = new List<string>();
            foreach (var axis in Factors.Keys.Order(StringComparer.Ordinal))
                if (!without.Contains(axis)) parts.Add(Factors[axis]);
            return string.Join('+', parts);
        }
    }

    public Cells(IEnumerable<ReportTrial> trials, string metric)
    {
        foreach (var trial in trials)
        {
            if (!trial.Metrics.TryGetValue(metric, out var value) || !double.IsFinite(value)) continue;
            if (!_cells.TryGetValue(trial.Group, out var cell))
                _cells[trial.Group] = cell = new Cell(
                    trial.Group, trial.Factors.Where(f => f.Key != "seed").ToDictionary(f => f.Key, f => f.Value, StringComparer.Ordinal));
            cell.BySeed[trial.Seed] = value;
        }
        Seeds = [.. _cells.Values.SelectMany(c => c.BySeed.Keys).Distinct().Order()];
    }

    /// <summary>Seeds that any cell has.</summary>
    public IReadOnlyList<int> Seeds { get; }

    /// <summary>All cells, in the order of the trials.</summary>
    public IReadOnlyCollection<Cell> All => _cells.Values;

    /// <summary>Whether a cell has every seed.</summary>
    public bool IsComplete(Cell cell) => cell.BySeed.Count == Seeds.Count;

    /// <summary>
    /// Mean over cells, seed by seed. A cell that lacks a seed would shift that seed's mean, so only cells with every seed enter; where there is
    /// none, the seeds' means are of whatever cells they have.
    /// </summary>
    public (IReadOnlyList<double> BySeed, int Used) SeedMeans(IReadOnlyCollection<Cell> cells)
    {
        var complete = cells.Where(IsComplete).ToList();
        IReadOnlyCollection<Cell> used = complete.Count > 0 ? complete : cells;
        var means = new List<double>();
        foreach (var seed in Seeds)
        {
            var values = used.Where(c => c.BySeed.ContainsKey(seed)).Select(c => c.BySeed[seed]).ToList();
            if (values.Count > 0) means.Add(values.Average());
        }
        return (means, used.Count);
    }
}
