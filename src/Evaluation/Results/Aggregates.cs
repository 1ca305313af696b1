using AlpacaCot.Evaluation.Suites;
using AlpacaCot.Statistics;

namespace AlpacaCot.Evaluation.Results;

/// <summary>From questions' values to a suite's metrics.</summary>
internal static class Aggregates
{
    /// <summary>The mean with its standard error s/√n.</summary>
    public static MetricResult Mean(string name, IReadOnlyList<double> values, string filter = "none", bool higherIsBetter = true, bool withError = true)
        => Of(name, values.Average(), withError && values.Count > 1 ? HarnessErrors.OfMean([.. values]) : null, higherIsBetter, filter);

    /// <summary>A metric whose value may be beyond what a number holds: then it has none, and says so.</summary>
    public static MetricResult Of(string name, double value, double? error, bool higherIsBetter = true, string filter = "none")
        => double.IsFinite(value) ? new(name, value, error, higherIsBetter, filter)
            : new(name, null, null, higherIsBetter, filter, $"it is beyond the largest number that can be written ({double.MaxValue:0.#e+0})");

    /// <summary>1 − Σ edits / Σ reference characters, with the standard error of a ratio: Goat's digit match over a corpus.</summary>
    public static MetricResult DigitMatch(IReadOnlyList<(int Edits, int Length)> answers, string filter = "none")
    {
        double[] edits = [.. answers.Select(a => (double)a.Edits)], lengths = [.. answers.Select(a => (double)a.Length)];
        return Of("digit_match", 1 - edits.Sum() / lengths.Sum(), answers.Count > 1 ? HarnessErrors.OfRatio(edits, lengths) : null, true, filter);
    }

    /// <summary>Metrics of each cell, in the cells' order of appearance; none where there is only one cell.</summary>
    public static IReadOnlyList<CellResult> Cells(IReadOnlyList<SuiteItem> items, Func<IReadOnlyList<int>, IReadOnlyList<MetricResult>> metrics)
    {
        var cells = items.Select((item, i) => (item.Cell, Index: i)).Where(x => x.Cell is not null).GroupBy(x => x.Cell!).ToList();
        if (cells.Count < 2) return [];
        return [.. cells.Select(cell =>
        {
            var indices = cell.Select(x => x.Index).ToList();
            return new CellResult(cell.Key, indices.Count, metrics(indices));
        })];
    }
}
