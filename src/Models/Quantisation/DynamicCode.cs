namespace AlpacaCot.Models.Quantisation;

/// <summary>
/// The 8-bit dynamic data type (Dettmers 2016, as bitsandbytes builds it): a sign, decimal exponents, and as many bits of fraction as each exponent
/// leaves. It holds the scales of NF4's blocks: blocks of 256, each divided by its largest absolute value.
/// </summary>
internal static class DynamicCode
{
    /// <summary>Values of a block.</summary>
    public const int Block = 256;

    private const int Exponents = 7;

    /// <summary>The 256 values, ascending.</summary>
    public static IReadOnlyList<float> Values { get; } = Build();

    /// <summary>Quantises values; the largest absolute value of each block goes to <paramref name="largest"/>.</summary>
    public static byte[] Quantise(ReadOnlySpan<float> values, out float[] largest)
    {
        var codes = new byte[values.Length];
        largest = new float[(values.Length + Block - 1) / Block];
        for (var block = 0; block < largest.Length; block++)
        {
            var part = values.Slice(block * Block, Math.Min(Block, values.Length - block * Block));
            foreach (var value in part) largest[block] = Math.Max(largest[block], Math.Abs(value));
            for (var i = 0; i < part.Length; i++) codes[block * Block + i] = Nearest(largest[block] == 0 ? 0 : part[i] / largest[block]);
        }
        return codes;
    }

    private static byte Nearest(float value)
    {
        int low = 0, high = Values.Count - 1;
        while (high - low > 1)
        {
            var middle = (low + high) / 2;
            if (Values[middle] <= value) low = middle;
            else high = middle;
        }
        return (byte)(value - Values[low] <= Values[high] - value ? low : high);
    }

    // Exponent e has 2^e fractions, the middles of equal parts of 0.1 to 1; zero and one are added.
    private static float[] Build()
    {
        var values = new List<float> { 0, 1 };
        for (var exponent = 0; exponent < Exponents; exponent++)
        {
            var fractions = 1 << exponent;
            var scale = Math.Pow(10, exponent - (Exponents - 1));
            for (var i = 0; i < fractions; i++)
            {
                var middle = (Boundary(i, fractions) + Boundary(i + 1, fractions)) / 2;
                values.Add((float)scale * middle);
                values.Add(-(float)scale * middle);
            }
        }
        values.Sort();
        return [.. values];
    }

    // Single precision, and from the nearer end, as the reference divides the range.
    private static float Boundary(int i, int parts)
    {
        var step = (1 - 0.1f) / parts;
        return i < (parts + 1) / 2 ? 0.1f + step * i : 1 - step * (parts - i);
    }
}
