using System.Globalization;

namespace AlpacaCot.Experiments.Reporting;

/// <summary>Maps values to pixels, with ticks at round numbers.</summary>
internal sealed class Scale
{
    private readonly double _from, _to, _low, _high;

    private Scale(double from, double to, double low, double high, IReadOnlyList<double> ticks)
    {
        (_from, _to, _low, _high) = (from, to, low, high);
        Ticks = ticks;
    }

    public IReadOnlyList<double> Ticks { get; }

    /// <summary>A linear scale that holds all values and ends at ticks.</summary>
    public static Scale Linear(IEnumerable<double> values, double from, double to, int about = 5)
    {
        double low = double.PositiveInfinity, high = double.NegativeInfinity;
        foreach (var value in values.Where(double.IsFinite)) (low, high) = (Math.Min(low, value), Math.Max(high, value));
        if (low > high) (low, high) = (0, 1);
        if (high - low < 1e-12 * Math.Max(1, Math.Abs(high)))
            (low, high) = (low - 0.5 * Math.Max(Math.Abs(low), 0.1), high + 0.5 * Math.Max(Math.Abs(high), 0.1));
        var step = Step((high - low) / about);
        var first = Math.Floor(low / step + 1e-9) * step;
        var last = Math.Ceiling(high / step - 1e-9) * step;
        var ticks = Enumerable.Range(0, (int)Math.Round((last - first) / step) + 1)
            .Select(i => Math.Abs(first + i * step) < step / 1e6 ? 0 : first + i * step).ToList();
        return new Scale(from, to, first, last, ticks);
    }

    public double At(double value) => _from + (Math.Clamp(value, _low, _high) - _low) / (_high - _low) * (_to - _from);

    /// <summary>A tick's label, with as many decimals as ticks need.</summary>
    public string Label(double tick)
    {
        var step = Ticks.Count > 1 ? Ticks[1] - Ticks[0] : 1;
        var decimals = Math.Clamp((int)Math.Ceiling(-Math.Log10(step) - 1e-9), 0, 8);
        return Math.Abs(tick) >= 10_000
            ? Numbers.Short((long)tick)
            : tick.ToString("F" + decimals.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture).Replace('-', '−');
    }

    private static double Step(double raw)
    {
        var power = Math.Pow(10, Math.Floor(Math.Log10(raw)));
        return (raw / power) switch { <= 1 => 1, <= 2 => 2, <= 2.5 => 2.5, <= 5 => 5, _ => 10 } * power;
    }
}
