using AlpacaCot.Models.Quantisation;

namespace AlpacaCot.Training.Optimisers;

/// <summary>The dynamic data type as optimisers use it: codes by their distance, as bitsandbytes' kernels on graphics cards find them; with a sign for first moments, without for second ones.</summary>
internal sealed class EightBitCode
{
    /// <summary>Values of a block.</summary>
    public const int Block = DynamicCode.UsualBlock;

    private readonly float[] _values;

    private EightBitCode(bool signed) => _values = DynamicCode.Build(signed);

    /// <summary>With a sign.</summary>
    public static EightBitCode Signed { get; } = new(true);

    /// <summary>Without a sign, and twice as fine.</summary>
    public static EightBitCode Unsigned { get; } = new(false);

    /// <summary>The 256 values, ascending.</summary>
    public ReadOnlySpan<float> Values => _values;

    /// <summary>Quantises a block and returns its largest absolute value.</summary>
    public float Quantise(ReadOnlySpan<float> values, Span<byte> codes)
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
}
