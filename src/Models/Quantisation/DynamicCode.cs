namespace AlpacaCot.Models.Quantisation;

/// <summary>
/// The 8-bit dynamic data type (Dettmers 2016, as bitsandbytes builds it): a sign, decimal exponents, and as many bits of fraction as each exponent
/// leaves. It holds the scales of four-bit blocks: blocks of 256, each divided by its largest absolute value.
/// </summary>
internal static class DynamicCode
{
    /// <summary>Values of a block, where nothing else is said.</summary>
    public const int UsualBlock = 256;

    private const int Exponents = 7;

    // The reference looks codes up in a table over −1 to 1 and not by their distance: very near to the middle between two its code is the neighbour's.
    private const int Places = 1 << 16;

    private static readonly byte[] ByPlace = BuildPlaces();

    /// <summary>The 256 values, ascending.</summary>
    public static IReadOnlyList<float> Values { get; } = Build();

    /// <summary>Quantises values; the largest absolute value of each block goes to <paramref name="largest"/>.</summary>
    public static byte[] Quantise(ReadOnlySpan<float> values, out float[] largest, int block = UsualBlock)
    {
        var codes = new byte[values.Length];
        largest = new float[(values.Length + block - 1) / block];
        for (var b = 0; b < largest.Length; b++)
        {
            var part = values.Slice(b * block, Math.Min(block, values.Length - b * block));
            foreach (var value in part) largest[b] = Math.Max(largest[b], Math.Abs(value));
            if (largest[b] == 0) continue;
            var inverse = 1 / largest[b];
            for (var i = 0; i < part.Length; i++) codes[b * block + i] = ByPlace[Place(part[i] * inverse)];
        }
        return codes;
    }

    /// <summary>The values that codes stand for.</summary>
    public static float[] Dequantise(ReadOnlySpan<byte> codes, ReadOnlySpan<float> largest, int block = UsualBlock)
    {
        var values = new float[codes.Length];
        for (var i = 0; i < values.Length; i++) values[i] = Values[codes[i]] * largest[i / block];
        return values;
    }

    private static int Place(float value)
    {
        var half = (Math.Clamp(value, -1f, 1f) + 1) * 0.5f;
        return (int)(half * (Places - 1) + 0.5f);
    }

    private static byte[] BuildPlaces()
    {
        var (values, places, code) = (Build(), new byte[Places], 0);
        for (var place = 0; place < Places; place++)
        {
            var value = -1 + 2f * place / (Places - 1);
            while (code < values.Length - 1 && 0.5f * (values[code] + values[code + 1]) < value) code++;
            places[place] = (byte)code;
        }
        return places;
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
