namespace AlpacaCot.Models.Blocks;

/// <summary>
/// The inverse frequencies of a rotary embedding over n rotated dimensions: inv[i] = theta^(−2i/n), i &lt; n/2, then scaled
/// (linear; dynamic NTK; Llama 3; YaRN, Peng et al. 2023; LongRoPE, Ding et al. 2024). Rounded to fp32 as the reference implementations hold them.
/// </summary>
internal static class RotaryFrequencies
{
    /// <summary>The n/2 frequencies for a sequence of <paramref name="length"/> positions (dynamic scaling and LongRoPE depend on it).</summary>
    public static float[] Compute(RotarySettings settings, int width, int length)
    {
        var theta = settings.Theta;
        if (settings.Scaling == RotaryScaling.Dynamic && settings.DependsOnLength(length))
            theta *= Math.Pow(settings.Factor * length / settings.OriginalMaxPositions - (settings.Factor - 1), width / (width - 2.0));
        var frequencies = new float[width / 2];
        var divisors = settings.DependsOnLength(length) ? settings.LongFactors : settings.ShortFactors;
        for (var i = 0; i < frequencies.Length; i++)
        {
            var plain = (float)(1 / Math.Pow(theta, 2.0 * i / width));
            frequencies[i] = settings.Scaling switch
            {
                RotaryScaling.Linear => (float)(plain / settings.Factor),
                RotaryScaling.Llama3 => (float)Llama3(settings, plain),
                RotaryScaling.Yarn => (float)Yarn(settings, width, i, plain),
                RotaryScaling.LongRope => (float)(1 / (divisors[i] * Math.Pow(theta, 2.0 * i / width))),
                _ => plain,
            };
        }
        return frequencies;
    }

    private static double Llama3(RotarySettings s, double plain)
    {
        var wavelength = 2 * Math.PI / plain;
        if (wavelength > s.OriginalMaxPositions / s.LowFrequencyFactor) return plain / s.Factor;
        if (wavelength < s.OriginalMaxPositions / s.HighFrequencyFactor) return plain;
        var smooth = (s.OriginalMaxPositions / wavelength - s.LowFrequencyFactor) / (s.HighFrequencyFactor - s.LowFrequencyFactor);
        return (1 - smooth) * plain / s.Factor + smooth * plain;
    }

    private static double Yarn(RotarySettings s, int width, int i, double plain)
    {
        double Dimension(double rotations) => width * Math.Log(s.OriginalMaxPositions / (rotations * 2 * Math.PI)) / (2 * Math.Log(s.Theta));
        var low = Math.Max(Math.Floor(Dimension(s.BetaFast)), 0);
        var high = Math.Min(Math.Ceiling(Dimension(s.BetaSlow)), width - 1);
        if (low == high) high += 0.001;
        var ramp = Math.Clamp((i - low) / (high - low), 0, 1);
        return plain / s.Factor * ramp + plain * (1 - ramp);
    }
}
