using System.Globalization;
using Apache.Arrow.Types;

namespace AlpacaCot.Data.Formats;

/// <summary>Arrow's times as texts: ISO 8601, with as many places of a second as there are.</summary>
internal static class ArrowTimes
{
    private const long SecondsOfDay = 86_400;

    /// <summary>A day counted from 1970-01-01.</summary>
    public static string Date(long days) => DateOnly.FromDayNumber(checked((int)(days + DateOnly.FromDateTime(DateTime.UnixEpoch).DayNumber))).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    /// <summary>A time of the day.</summary>
    public static string OfDay(long value, TimeUnit unit)
    {
        var (seconds, nanoseconds) = Split(value, unit);
        return string.Create(CultureInfo.InvariantCulture, $"{seconds / 3600:00}:{seconds / 60 % 60:00}:{seconds % 60:00}{Fraction(nanoseconds)}");
    }

    /// <summary>A moment; with its distance from UTC where the type has a time zone.</summary>
    public static string Instant(long value, TimestampType type)
    {
        var (seconds, nanoseconds) = Split(value, type.Unit);
        if (string.IsNullOrEmpty(type.Timezone)) return Local(seconds, nanoseconds);
        var offset = Offset(type.Timezone, seconds);
        return string.Create(CultureInfo.InvariantCulture, $"{Local(seconds + (long)offset.TotalSeconds, nanoseconds)}{(offset < TimeSpan.Zero ? "-" : "+")}{Math.Abs(offset.Hours):00}:{Math.Abs(offset.Minutes):00}");
    }

    /// <summary>A length of time in seconds.</summary>
    public static string Span(long value, TimeUnit unit)
    {
        var whole = PerSecond(unit);
        return string.Create(CultureInfo.InvariantCulture, $"{(decimal)value / whole:0.000000}s");
    }

    private static string Local(long seconds, long nanoseconds)
    {
        var days = Math.DivRem(seconds, SecondsOfDay, out var rest);
        if (rest < 0) (days, rest) = (days - 1, rest + SecondsOfDay);
        return string.Create(CultureInfo.InvariantCulture, $"{Date(days)}T{rest / 3600:00}:{rest / 60 % 60:00}:{rest % 60:00}{Fraction(nanoseconds)}");
    }

    private static string Fraction(long nanoseconds)
        => nanoseconds == 0 ? "" : nanoseconds % 1000 == 0 ? string.Create(CultureInfo.InvariantCulture, $".{nanoseconds / 1000:000000}") : string.Create(CultureInfo.InvariantCulture, $".{nanoseconds:000000000}");

    private static TimeSpan Offset(string zone, long seconds)
    {
        if (zone is "UTC" or "Z") return TimeSpan.Zero;
        if (zone[0] is '+' or '-' && TimeSpan.TryParseExact(zone[1..], ["hh\\:mm", "hhmm"], CultureInfo.InvariantCulture, out var fixedOffset)) return zone[0] == '-' ? -fixedOffset : fixedOffset;
        // A zone that this machine does not know is shown in UTC, which is the same moment.
        return TimeZoneInfo.TryFindSystemTimeZoneById(zone, out var found) ? found.GetUtcOffset(DateTimeOffset.FromUnixTimeSeconds(seconds)) : TimeSpan.Zero;
    }

    private static (long Seconds, long Nanoseconds) Split(long value, TimeUnit unit)
    {
        var per = PerSecond(unit);
        var seconds = Math.DivRem(value, per, out var rest);
        if (rest < 0) (seconds, rest) = (seconds - 1, rest + per);
        return (seconds, rest * (1_000_000_000 / per));
    }

    private static long PerSecond(TimeUnit unit) => unit switch
    {
        TimeUnit.Second => 1,
        TimeUnit.Millisecond => 1_000,
        TimeUnit.Microsecond => 1_000_000,
        _ => 1_000_000_000,
    };
}
