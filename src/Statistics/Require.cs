using System.Runtime.CompilerServices;

namespace AlpacaCot.Statistics;

/// <summary>Checks of arguments.</summary>
internal static class Require
{
    public static void Probability(double p, [CallerArgumentExpression(nameof(p))] string name = "")
    {
        if (!(p is >= 0 and <= 1)) throw new ArgumentOutOfRangeException(name, p, "must be from 0 to 1");
    }

    public static void Level(double level, [CallerArgumentExpression(nameof(level))] string name = "")
    {
        if (!(level is > 0 and < 1)) throw new ArgumentOutOfRangeException(name, level, "must be between 0 and 1");
    }

    public static void Positive(double value, string name)
    {
        if (!(value > 0)) throw new ArgumentOutOfRangeException(name, value, "must be above 0");
    }

    public static void AtLeast(int count, int least, string name)
    {
        if (count < least) throw new ArgumentException($"needs at least {least} values, and has {count}", name);
    }
}
