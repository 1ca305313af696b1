using FsCheck.Xunit;

namespace AlpacaCot.Tests;

/// <summary>
/// A property that must hold for all values that FsCheck makes: the same values in every run, many more and other ones where <c>ALPACACOT_SOAK</c>
/// is set. A failure shows the smallest values that it finds, and the seed.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class PropertyTestAttribute : PropertyAttribute
{
    private const int SoakFactor = 20;

    /// <summary>Tries the property on so many values.</summary>
    public PropertyTestAttribute(int cases = 100)
    {
        Arbitrary = [typeof(Damages)];
        if (Soak) MaxTest = SoakFactor * cases;
        else (MaxTest, Replay) = (cases, "20260101,7");
    }

    /// <summary>Whether this is a long run.</summary>
    public static bool Soak { get; } = Environment.GetEnvironmentVariable("ALPACACOT_SOAK") is { Length: > 0 };
}
