using System.Globalization;
using AlpacaCot.Experiments.Aggregation;
using AlpacaCot.Experiments.Scheduling;

namespace AlpacaCot.Experiments.Reporting;

/// <summary>Numbers for people: as many digits as say something.</summary>
public static class Numbers
{
    /// <summary>A figure with three digits behind the point, fewer where it is large.</summary>
    public static string Value(double value) => value < 0 ? "−" + Value(-value) : value switch
    {
        double.NaN => "–",
        0 => "0",
        < 0.001 => value.ToString("0.0e0", CultureInfo.InvariantCulture),
        < 10 => value.ToString("0.000", CultureInfo.InvariantCulture),
        < 100 => value.ToString("0.00", CultureInfo.InvariantCulture),
        < 1000 => value.ToString("0.0", CultureInfo.InvariantCulture),
        _ => value.ToString("#,0", CultureInfo.InvariantCulture),
    };

    /// <summary>A difference; one that is smaller than rounding makes it is none.</summary>
    internal static string Signed(double value) => Math.Abs(value) < 1e-12 ? "0" : value > 0 ? "+" + Value(value) : "−" + Value(-value);

    /// <summary>An interval's ends; nothing where there is none.</summary>
    public static string Interval(Estimate estimate)
    {
        if (estimate is not { Low: { } low, High: { } high }) return "";
        // An end near zero is told with the other end's decimals and one more, not as a power of ten.
        string End(double value) => Math.Abs(value) < 0.001 && value != 0 && Math.Max(Math.Abs(low), Math.Abs(high)) >= 0.01
            ? value.ToString("0.0000", CultureInfo.InvariantCulture).Replace('-', '−') : Value(value);
        return $"{End(low)} … {End(high)}";
    }

    /// <summary>A mean with its interval behind it.</summary>
    internal static string WithInterval(Estimate estimate) => estimate.Low is null ? Value(estimate.Mean) : $"{Value(estimate.Mean)} ({Interval(estimate)})";

    /// <summary>What an estimate is over.</summary>
    internal static string Over(Estimate estimate)
        => $"{Integer(estimate.N)} {(estimate.N == 1 ? "run" : "seeds")}" + (estimate.Items > 0 ? $" × {Count(estimate.Items)} items" : "");

    /// <summary>A difference with its sign, or the factor that stands for one on a logarithmic scale.</summary>
    internal static string Difference(MetricScale scale, Estimate difference) => scale == MetricScale.Log ? "× " + Value(difference.Mean) : Signed(difference.Mean);

    internal static string P(double? p) => p switch
    {
        null => "–",
        < 0.001 => "< 0.001",
        { } value => value.ToString("0.000", CultureInfo.InvariantCulture),
    };

    internal static string Percent(double share) => (100 * share).ToString("0.#", CultureInfo.InvariantCulture) + " %";

    internal static string Count(long count) => count.ToString("#,0", CultureInfo.InvariantCulture);

    internal static string Short(long count) => count switch
    {
        < 10_000 => Count(count),
        < 1_000_000 => (count / 1e3).ToString("#,0", CultureInfo.InvariantCulture) + " k",
        _ => (count / 1e6).ToString("#,0.0", CultureInfo.InvariantCulture) + " M",
    };

    internal static string Duration(double seconds) => seconds switch
    {
        < 10 => seconds.ToString("0.0", CultureInfo.InvariantCulture) + " s",
        < 120 => seconds.ToString("0", CultureInfo.InvariantCulture) + " s",
        < 7200 => string.Create(CultureInfo.InvariantCulture, $"{(int)(seconds / 60)} min {(int)seconds % 60} s"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{(int)(seconds / 3600)} h {(int)(seconds / 60) % 60} min"),
    };

    internal static string Rate(double rate) => rate.ToString("0.######", CultureInfo.InvariantCulture);

    internal static string Integer(long number) => number.ToString(CultureInfo.InvariantCulture);

    internal static string State(ReportTrial trial) => trial.Status switch
    {
        TrialStatus.Pending when trial.Phase is TrialPhase.Training or TrialPhase.Evaluating => "running",
        TrialStatus.Succeeded => "done",
        TrialStatus.Failed => "failed",
        TrialStatus.Cancelled => "cancelled",
        _ => "pending",
    };
}
