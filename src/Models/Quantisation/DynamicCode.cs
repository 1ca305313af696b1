namespace AlpacaCot.Models.Quantisation;

/// <summary>
/// The 8-bit dynamic data type (Dettmers 2016, as bitsandbytes builds it): decimal exponents, and as many bits of fraction as each exponent leaves, with a sign or
/// without. It holds the scales of NF4's blocks and the moments of 8-bit optimisers: blocks of 256, each divided by its largest absolute value.
/// </summary>
public sealed class DynamicCode
{
    /// <summary>Values of a block.</summary>
    public const int Block = 256;

    private const int Exponents = 7;

    private readonly float[] _values;

    private DynamicCode(bool signed) => _values = Build(signed);

    /// <summary>With a sign.</summary>
    public static DynamicCode Signed { get; } = new(true);

    /// <summary>Without a sign, and twice as fine.</summary>
    public static DynamicCode Unsigned { get; } = new(false);

    /// <summary>The 256 values, ascending.</summary>
    public ReadOnlySpan<float> Values => _values;

    /// <summary>Quantises values; the largest absolute value of each block goes to <paramref name="largest"/>.</summary>
    public byte[] Quantise(ReadOnlySpan<float> values, out float[] largest)
    {
        var codes = new byte[values.Length];
        largest = new float[(values.Length + Block - 1) / Block];
        for (var block = 0; block < largest.Length; block++)
        {
            var length = Math.Min(Block, values.Length - block * Block);
            largest[block] = QuantiseBlock(values.Slice(block * Block, length), codes.AsSpan(block * Block, length));
        }
        return codes;
    }

    /// <summary>Quantises a block and returns its largest absolute value.</summary>
    public float QuantiseBlock(ReadOnlySpan<float> values, Span<byte> codes)
    {
        var largest = 0f;
        foreach (var value in values) largest = Math.Max(largest, Math.Abs(value));
        for (var i = 0; i < values.Length; i++) codes[i] = Nearest(largest == 0 ? 0 : values[i] / largest);
        return largest;
    }

    private byte Nearest(float value)
    {
        int low = 0, high = _values.Length - 1;
        while (high - low > 1)
        {
            var middle = (low + high) / 2;
            if (_values[middle] <= value) low = middle;
            else high = middle;
        }
        return (byte)(value - _values[low] <= _values[high] - value ? low : high);
    }

    // Exponent e has 2^e fractions (without a sign 2^(e+1)), the middles of equal parts of 0.1 to 1; zero and one are added.
    private static float[] Build(bool signed)
    {
        var values = new List<float> { 0, 1 };
        for (var exponent = 0; exponent < Exponents; exponent++)
        {
            var fractions = 1 << (signed ? exponent : exponent + 1);
            var scale = Math.Pow(10, exponent - (Exponents - 1));
            for (var i = 0; i < fractions; i++)
            {
                var middle = (Boundary(i, fractions) + Boundary(i + 1, fractions)) / 2;
                values.Add((float)scale * middle);
                if (signed) values.Add(-(float)scale * middle);
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
