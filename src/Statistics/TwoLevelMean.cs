namespace AlpacaCot.Statistics;

/// <summary>
/// The mean of a table of values, a row a seed and a column an item, where both are draws: other seeds and other items would have given another mean.
/// Its variance has two parts, σ²(seed)/S + σ²(seed × item)/(S·I), which the rows' means show, and σ²(item)/I, which is what the columns scatter beyond the
/// cells' own noise (the mean squares of a two-way table with random effects; Searle, Casella and McCulloch 1992, chapter 4).
/// </summary>
/// <remarks>
/// The two parts have degrees of freedom that differ a hundredfold, so each is multiplied by its own t before they are added: the half width is
/// √(t²(S−1)·seeds + t²(I−1)·items), as in MOVER (Zou and Donner 2008). Satterthwaite's one t for the sum covers less than it says where few seeds happen to agree.
/// </remarks>
public sealed record TwoLevelMean
{
    /// <summary>The mean.</summary>
    public required double Mean { get; init; }

    /// <summary>Number of seeds.</summary>
    public required int Seeds { get; init; }

    /// <summary>Number of items; 0 where the seeds' means are all that is known.</summary>
    public int Items { get; init; }

    /// <summary>Variance of the mean that comes with the seeds; 0 for one seed, whose part is not known.</summary>
    public double SeedVariance { get; init; }

    /// <summary>Variance of the mean that comes with the choice of items, beyond what the seeds' means show.</summary>
    public double ItemVariance { get; init; }

    /// <summary>Variance of the mean were the seeds the only ones there are; the interval is never narrower than this makes it.</summary>
    public double ItemsAlone { get; init; }

    /// <summary>Whether there is anything to make an interval from.</summary>
    public bool HasInterval => Seeds > 1 || Items > 1;

    /// <summary>From seeds' means alone: Student's interval.</summary>
    /// <exception cref="ArgumentException">There are no values.</exception>
    public static TwoLevelMean OfSeeds(IReadOnlyList<double> values) => new()
    {
        Mean = Descriptive.Mean(values), Seeds = values.Count, SeedVariance = values.Count > 1 ? Descriptive.SampleVariance(values) / values.Count : 0,
    };

    /// <summary>From seeds' means and the variance that the choice of items gives each of them: the same items were asked under every seed.</summary>
    /// <param name="values">The seeds' means.</param>
    /// <param name="itemVariance">Squared standard error of a seed's mean over its items.</param>
    /// <param name="items">Number of items.</param>
    public static TwoLevelMean OfSeeds(IReadOnlyList<double> values, double itemVariance, int items)
        => OfSeeds(values) with { Items = items, ItemVariance = itemVariance, ItemsAlone = itemVariance };

    /// <summary>From a whole table.</summary>
    /// <param name="table">A row for each seed, of one length.</param>
    /// <param name="leastSquares">
    /// The least sum of squares over items that is believed. Items that all agree say that differences are rare, not that there are none: for a difference
    /// of two shares 1 is as if one item more were answered differently (Agresti and Min 2005).
    /// </param>
    /// <exception cref="ArgumentException">There are no rows, no columns, or rows of several lengths.</exception>
    public static TwoLevelMean Of(IReadOnlyList<double[]> table, double leastSquares = 0)
    {
        Require.AtLeast(table.Count, 1, nameof(table));
        var (seeds, items) = (table.Count, table[0].Length);
        Require.AtLeast(items, 1, nameof(table));
        if (table.Any(row => row.Length != items)) throw new ArgumentException("rows must be of one length", nameof(table));
        double[] rows = [.. table.Select(row => Descriptive.Mean(row))];
        var mean = Descriptive.Mean(rows);
        double columnSquares = 0, cellSquares = 0;
        for (var i = 0; i < items; i++)
        {
            double column = 0;
            foreach (var row in table) column += row[i];
            column = column / seeds - mean;
            columnSquares += column * column;
            for (var s = 0; s < seeds; s++)
            {
                var rest = table[s][i] - rows[s] - column;
                cellSquares += rest * rest;
            }
        }
        if (items < 2) return OfSeeds(rows);
        double cells = (double)seeds * items;
        var itemSquare = seeds * Math.Max(columnSquares, leastSquares) / (items - 1);
        var cellSquare = seeds > 1 ? cellSquares / ((seeds - 1.0) * (items - 1)) : 0;
        return OfSeeds(rows) with
        {
            Items = items, ItemVariance = Math.Max(0, itemSquare - cellSquare) / cells, ItemsAlone = Math.Max(itemSquare, cellSquare) / cells,
        };
    }

    /// <summary>Half the interval's width; null where there is neither a second seed nor a second item.</summary>
    public double? HalfWidth(double level = 0.95)
    {
        Require.Level(level);
        return HasInterval ? Math.Sqrt(SquaredHalfWidth(1 - level)) : null;
    }

    /// <summary>The interval around the mean; null where there is neither a second seed nor a second item.</summary>
    public Interval? Interval(double level = 0.95) => HalfWidth(level) is { } half ? new Interval(Mean - half, Mean + half) : null;

    /// <summary>
    /// The interval of a mean that lies from 0 to 1: Wilson's score interval at the effective number of answers, as for shares in surveys of clusters (Kott and
    /// Carr 1997; Franco, Little, Louis and Slud 2019). It stays within 0 and 1 and has a width at both ends: where no item or every item was solved, as many
    /// answers count as there are items.
    /// </summary>
    /// <exception cref="InvalidOperationException">The mean is not from 0 to 1.</exception>
    public Interval? ShareInterval(double level = 0.95)
    {
        Require.Level(level);
        if (Mean is < 0 or > 1 or double.NaN) throw new InvalidOperationException($"{Mean} is no share");
        if (!HasInterval) return null;
        var spread = Mean * (1 - Mean);
        var tail = (1 - level) / 2;
        var inflation = spread > 0 ? SquaredHalfWidth(1 - level) / spread : 0;
        // No table says more than as many independent answers as it has cells, and one without spread no more than as many as it has items.
        if (Items > 0) inflation = Math.Max(inflation, Squared(NormalDistribution.Quantile(1 - tail)) / (spread > 0 ? (double)Seeds * Items : Items));
        var centre = (Mean + inflation / 2) / (1 + inflation);
        var half = Math.Sqrt(spread * inflation + inflation * inflation / 4) / (1 + inflation);
        return new Interval(Mean <= 0 ? 0 : Math.Max(0, centre - half), Mean >= 1 ? 1 : Math.Min(1, centre + half));
    }

    /// <summary>
    /// The two-sided p of a mean of zero: the level at whose interval zero is an end. Null for one seed, where what the seed does is not known, and where nothing
    /// varies and no items are known.
    /// </summary>
    public double? P
    {
        get
        {
            if (Seeds < 2 || SeedVariance == 0 && ItemsAlone == 0) return null;
            if (Mean == 0) return 1;
            if (Items < 2) return 2 * StudentT.Cdf(-Math.Abs(Mean) / Math.Sqrt(SeedVariance), Seeds - 1);
            return PWhereTheIntervalEnds();
        }
    }

    /// <summary>The level at whose interval zero is an end. The half width falls as p grows: its logarithm against that of p is nearly a line, on which the end is looked for between two that hold it.</summary>
    private double PWhereTheIntervalEnds()
    {
        // No p is asked for to more than six digits, nor below what a t has.
        const double Precision = 1e-9, Smallest = 1e-15, Largest = 1 - 1e-9;
        var squaredMean = Mean * Mean;
        double Excess(double logP) => Math.Log(SquaredHalfWidth(Math.Exp(logP)) / squaredMean);
        // Student's p of the whole variance is near, unless the two parts are very unlike.
        var near = 2 * StudentT.Cdf(-Math.Abs(Mean) / Math.Sqrt(Math.Max(SeedVariance + ItemVariance, ItemsAlone)), Seeds - 1);
        var low = Math.Log(Math.Clamp(near, Smallest, Largest));
        var (high, atLow) = (low, Excess(low));
        var atHigh = atLow;
        for (var step = 0.1; atLow < 0; step *= 2)
        {
            if (low <= Math.Log(Smallest)) return Smallest;
            (high, atHigh) = (low, atLow);
            low = Math.Max(low - step, Math.Log(Smallest));
            atLow = Excess(low);
        }
        for (var step = 0.1; atHigh >= 0; step *= 2)
        {
            if (high >= Math.Log(Largest)) return 1;
            (low, atLow) = (high, atHigh);
            high = Math.Min(high + step, Math.Log(Largest));
            atHigh = Excess(high);
        }
        // Regula falsi after Illinois: where one end stays, its weight is halved.
        for (var kept = 0; high - low > Precision;)
        {
            var at = low + (high - low) * atLow / (atLow - atHigh);
            var excess = Excess(at);
            if (Math.Abs(excess) < Precision) return Math.Exp(at);
            if (excess > 0)
            {
                (low, atLow) = (at, excess);
                if (kept == 1) atHigh /= 2;
                kept = 1;
            }
            else
            {
                (high, atHigh) = (at, excess);
                if (kept == -1) atLow /= 2;
                kept = -1;
            }
        }
        return Math.Exp((low + high) / 2);
    }

    private double SquaredHalfWidth(double p)
    {
        double T2(int degrees) => p >= 1 ? 0 : Squared(StudentT.Quantile(p / 2, degrees));
        var seeds = SeedVariance > 0 ? T2(Seeds - 1) * SeedVariance : 0;
        if (Items < 2) return seeds;
        var items = T2(Items - 1);
        return Math.Max(seeds + items * ItemVariance, items * ItemsAlone);
    }

    private static double Squared(double x) => x * x;
}
