using AlpacaCot.Experiments.Aggregation;

namespace AlpacaCot.Experiments.Reporting;

/// <summary>Maps values to shares of an axis, from 0 to 1, with ticks at round numbers.</summary>
internal sealed class Scale
{
    // What a decade is cut into, from coarse to fine.
    private static readonly double[][] _cuts = [[1], [1, 3], [1, 2, 5], [1, 1.5, 2, 3, 5, 7]];

    /// <summary>What is beyond this, or below its inverse, says nothing on an axis of decades.</summary>
    private const double Largest = 1e30;

    private readonly double _low, _high;
    private readonly Dictionary<double, string> _labels;

    private Scale(double low, double high, bool log, IReadOnlyList<double> ticks)
    {
        (_low, _high, IsLog, Ticks) = (low, high, log, ticks);
        _labels = ticks.Zip(TickLabels.Of(ticks)).ToDictionary(t => t.First, t => t.Second);
    }

    public IReadOnlyList<double> Ticks { get; }

    /// <summary>Whether equal factors are equal distances.</summary>
    public bool IsLog { get; }

    /// <summary>A scale that holds all values.</summary>
    public static Scale Of(MetricScale scale, IEnumerable<double> values, int about = 5)
    {
        var finite = values.Where(double.IsFinite).ToList();
        return scale == MetricScale.Log && finite.Count > 0 && finite.Min() > 1 / Largest && finite.Max() < Largest ? Log(finite, about) : Linear(finite, about);
    }

    /// <summary>A linear scale that holds all values and ends at ticks.</summary>
    public static Scale Linear(IEnumerable<double> values, int about = 5)
    {
        var ticks = LinearTicks([.. values], about);
        return new Scale(ticks[0], ticks[^1], false, ticks);
    }

    /// <summary>Where a value lies; one beyond an end lies at it.</summary>
    public double At(double value) => Math.Clamp((To(value) - To(_low)) / (To(_high) - To(_low)), 0, 1);

    /// <summary>A tick's label: the number itself, with every digit that it has.</summary>
    public string Label(double tick) => _labels[tick];

    private double To(double value) => IsLog ? Math.Log(Math.Max(value, 1 / Largest)) : value;

    private static Scale Log(List<double> values, int about)
    {
        double low = values.Min(), high = values.Max();
        var room = Math.Max(0.04 * Math.Log(high / low), 0.02);
        (low, high) = (low / Math.Exp(room), high * Math.Exp(room));
        int first = (int)Math.Floor(Math.Log10(low)), last = (int)Math.Ceiling(Math.Log10(high));
        // Over many decades every so many of them, over few their parts, and within one the ticks of a linear axis.
        var every = Math.Max(1, (last - first) / about);
        foreach (var cut in _cuts)
        {
            List<double> ticks = [.. Enumerable.Range(first, last - first + 1).Where(d => d % every == 0).SelectMany(d => cut.Select(c => double.Parse($"{c.ToString(Invariant)}e{d}", Invariant)))
                .Where(t => t >= low && t <= high)];
            if (ticks.Count >= Math.Max(3, about - 1)) return new Scale(low, high, true, ticks);
        }
        List<double> Within(int most) => [.. LinearTicks([low, high], most).Where(t => t >= low && t <= high)];
        return new Scale(low, high, true, Within(about) is { Count: > 2 } enough ? enough : Within(2 * about));
    }

    private static IFormatProvider Invariant => System.Globalization.CultureInfo.InvariantCulture;

    private static List<double> LinearTicks(List<double> values, int about)
    {
        double low = double.PositiveInfinity, high = double.NegativeInfinity;
        foreach (var value in values.Where(double.IsFinite)) (low, high) = (Math.Min(low, value), Math.Max(high, value));
        if (low > high) (low, high) = (0, 1);
        if (high - low < 1e-12 * Math.Max(1, Math.Abs(high)))
            (low, high) = (low - 0.5 * Math.Max(Math.Abs(low), 0.1), high + 0.5 * Math.Max(Math.Abs(high), 0.1));
        var raw = (high - low) / about;
        var power = (int)Math.Floor(Math.Log10(raw));
        var mantissa = (raw / Math.Pow(10, power)) switch { <= 1 => 10, <= 2 => 20, <= 2.5 => 25, <= 5 => 50, _ => 100 };
        // Ticks are whole multiples of a step that is itself a decimal, so that each is the number nearest to what its label says.
        var step = mantissa * Math.Pow(10, power - 1);
        int first = (int)Math.Floor(low / step + 1e-9), last = (int)Math.Ceiling(high / step - 1e-9);
        return [.. Enumerable.Range(first, last - first + 1).Select(i => double.Parse($"{(long)i * mantissa}e{power - 1}", Invariant))];
    }
}
