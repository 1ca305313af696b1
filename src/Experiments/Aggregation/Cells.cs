namespace AlpacaCot.Experiments.Aggregation;

/// <summary>One metric's values as a table: a row for each cell (combination of all factors but the seed), a column for each seed.</summary>
internal sealed class Cells
{
    private readonly Dictionary<string, Cell> _tuned = new(StringComparer.Ordinal), _bases = new(StringComparer.Ordinal);

    /// <summary>What one seed gives, on the metric's scale.</summary>
    /// <param name="Value">The value.</param>
    /// <param name="Items">What each item contributes to it, in an order that all trials share; null where that is not known.</param>
    /// <param name="ItemVariance">Squared standard error over the items; null where that is not known.</param>
    /// <param name="ItemCount">Items asked.</param>
    public sealed record Seeded(double Value, double[]? Items, double? ItemVariance, int ItemCount)
    {
        public static Seeded Mean(IReadOnlyList<Seeded> all) => new(
            all.Average(s => s.Value), MeanItems(all), all.All(s => s.ItemVariance is not null) ? all.Average(s => s.ItemVariance!.Value) : null, all.Min(s => s.ItemCount));

        public static Seeded operator -(Seeded a, Seeded b)
        {
            double[]? items = null;
            if (a.Items is { } of && b.Items is { } less && of.Length == less.Length)
            {
                items = new double[of.Length];
                for (var i = 0; i < items.Length; i++) items[i] = of[i] - less[i];
            }
            return new Seeded(a.Value - b.Value, items, a.ItemVariance + b.ItemVariance, Math.Min(a.ItemCount, b.ItemCount));
        }

        private static double[]? MeanItems(IReadOnlyList<Seeded> all)
        {
            if (all[0].Items is not { } first || all.Any(s => s.Items?.Length != first.Length)) return null;
            if (all.Count == 1) return first;
            var means = new double[first.Length];
            foreach (var seeded in all)
                for (var i = 0; i < means.Length; i++) means[i] += seeded.Items![i];
            for (var i = 0; i < means.Length; i++) means[i] /= all.Count;
            return means;
        }
    }

    public sealed record Cell(string Group, IReadOnlyDictionary<string, string> Factors, string? Base, bool IsBase)
    {
        public SortedDictionary<int, Seeded> BySeed { get; } = [];

        /// <summary>What the cell has under a seed. A base whose answers are not drawn has one result, which stands for every seed.</summary>
        public Seeded? At(int seed) => BySeed.TryGetValue(seed, out var value) ? value : IsBase && BySeed.Count == 1 ? BySeed.Values.Single() : null;

        /// <summary>The cell's name with one factor left out: cells of one context differ only in that factor.</summary>
        public string Context(params ReadOnlySpan<string> without)
        {
            var parts = new List<string>();
            foreach (var axis in Factors.Keys.Order(StringComparer.Ordinal))
                if (!without.Contains(axis)) parts.Add(Factors[axis]);
            return string.Join('+', parts);
        }
    }

    public Cells(IEnumerable<ReportTrial> trials, MetricTraits traits)
    {
        var (least, most) = (double.PositiveInfinity, double.NegativeInfinity);
        foreach (var trial in trials)
        {
            if (!trial.Metrics.TryGetValue(traits.Metric, out var value) || !double.IsFinite(traits.ToScale(value))) continue;
            var cells = trial.IsBase ? _bases : _tuned;
            if (!cells.TryGetValue(trial.Group, out var cell))
                cells[trial.Group] = cell = new Cell(
                    trial.Group, trial.Factors.Where(f => f.Key != "seed").ToDictionary(f => f.Key, f => f.Value, StringComparer.Ordinal), trial.Base, trial.IsBase);
            cell.BySeed[trial.Seed] = trial.Seeded(traits, value);
            (least, most) = (Math.Min(least, value), Math.Max(most, value));
        }
        Seeds = [.. (_tuned.Count > 0 ? _tuned : _bases).Values.SelectMany(c => c.BySeed.Keys).Distinct().Order()];
        Items = All.Concat(Bases).SelectMany(c => c.BySeed.Values).Select(s => s.ItemCount).DefaultIfEmpty().Max();
        Estimator = new Estimator(traits, traits.CanBeShare && least >= 0 && most <= 1, traits.CanBeShare && most <= 1 ? 1 : double.PositiveInfinity);
    }

    /// <summary>Makes estimates on the metric's scale.</summary>
    public Estimator Estimator { get; }

    /// <summary>Seeds that any tuned cell has.</summary>
    public IReadOnlyList<int> Seeds { get; }

    /// <summary>Items asked; 0 where that is not known.</summary>
    public int Items { get; }

    /// <summary>All cells that were tuned, in the order of the trials.</summary>
    public IReadOnlyCollection<Cell> All => _tuned.Values;

    /// <summary>The cells of untuned bases.</summary>
    public IReadOnlyCollection<Cell> Bases => _bases.Values;

    /// <summary>The base that is asked as a tuned cell is; null where there is none.</summary>
    public Cell? BaseOf(Cell cell) => cell.Base is { } group ? _bases.GetValueOrDefault(group) : null;

    /// <summary>Whether a cell has every seed.</summary>
    public bool IsComplete(Cell cell) => Seeds.All(seed => cell.At(seed) is not null);

    /// <summary>
    /// Mean over cells, seed by seed. A cell that lacks a seed would shift that seed's mean, so only cells with every seed enter; where there is
    /// none, the seeds' means are of whatever cells they have.
    /// </summary>
    public (IReadOnlyList<Seeded> BySeed, IReadOnlyCollection<Cell> Used) SeedMeans(IReadOnlyCollection<Cell> cells)
    {
        var complete = cells.Where(IsComplete).ToList();
        IReadOnlyCollection<Cell> used = complete.Count > 0 ? complete : cells;
        var means = new List<Seeded>();
        foreach (var seed in Seeds)
        {
            var values = used.Select(c => c.At(seed)).OfType<Seeded>().ToList();
            if (values.Count > 0) means.Add(Seeded.Mean(values));
        }
        return (means, used);
    }

    /// <summary>Mean difference seed by seed over pairs of cells that both have every seed that any pair has; null where there is no such pair.</summary>
    public (IReadOnlyList<Seeded> BySeed, int Pairs)? Difference(IReadOnlyList<(Cell Reference, Cell Cell)> pairs)
    {
        var shared = Seeds.Where(s => pairs.Any(p => p.Reference.At(s) is not null && p.Cell.At(s) is not null)).ToList();
        var complete = pairs.Where(p => shared.All(s => p.Reference.At(s) is not null && p.Cell.At(s) is not null)).ToList();
        if (shared.Count == 0 || complete.Count == 0) return null;
        return ([.. shared.Select(s => Seeded.Mean([.. complete.Select(p => p.Cell.At(s)! - p.Reference.At(s)!)]))], complete.Count);
    }
}
