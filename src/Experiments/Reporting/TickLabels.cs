using System.Globalization;

namespace AlpacaCot.Experiments.Reporting;

/// <summary>Labels of an axis: one unit and one number of decimals for all ticks, and as many digits as it takes to print each of them as it is.</summary>
internal static class TickLabels
{
    private const int MostDecimals = 6;
    private static readonly (double Size, string Name)[] _units = [(1, ""), (1e3, " k"), (1e6, " M"), (1e9, " G")];

    /// <summary>One label per tick.</summary>
    public static IReadOnlyList<string> Of(IReadOnlyList<double> ticks)
    {
        if (ticks.Count == 0) return [];
        var largest = ticks.Max(Math.Abs);
        var unit = largest < 10_000 ? _units[0] : _units.LastOrDefault(u => u.Size <= largest, _units[0]);
        for (var decimals = 0; decimals <= MostDecimals && largest < 1e13; decimals++)
        {
            var format = "#,0." + new string('0', decimals);
            if (ticks.All(t => IsExact(t / unit.Size, format))) return [.. ticks.Select(t => t == 0 ? "0" : Minus((t / unit.Size).ToString(format, CultureInfo.InvariantCulture)) + unit.Name)];
        }
        return [.. ticks.Select(t => t == 0 ? "0" : Minus(t.ToString("0.######e0", CultureInfo.InvariantCulture)))];
    }

    private static bool IsExact(double value, string format)
        => Math.Abs(double.Parse(value.ToString(format, CultureInfo.InvariantCulture), NumberStyles.Any, CultureInfo.InvariantCulture) - value) <= 1e-9 * Math.Abs(value);

    private static string Minus(string text) => text.Replace('-', '−');
}
