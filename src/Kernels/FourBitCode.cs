namespace AlpacaCot.Kernels;

/// <summary>A data type of four bits: what its sixteen codes stand for, as shares of their block's largest absolute value.</summary>
public sealed class FourBitCode
{
    private readonly float[] _values;
    private readonly float[] _middles;   // between neighbouring values, ascending
    private readonly byte[] _order;      // codes in the order of their values

    private FourBitCode(string name, float[] values)
    {
        (Name, _values) = (name, values);
        // A stable order: FP4 has two zeros, and the reference gives what is 0 or less the first of them.
        _order = [.. Enumerable.Range(0, values.Length).OrderBy(code => values[code]).Select(code => (byte)code)];
        _middles = [.. Enumerable.Range(0, values.Length - 1).Select(i => (values[_order[i]] + values[_order[i + 1]]) / 2)];
    }

    /// <summary>The 4-bit NormalFloat of QLoRA (Dettmers et al. 2023): quantiles of the normal distribution (appendix E of the paper).</summary>
    public static FourBitCode Nf4 { get; } = new("nf4",
    [
        -1f, -0.6961928009986877f, -0.5250730514526367f, -0.39491748809814453f, -0.28444138169288635f, -0.18477343022823334f, -0.09105003625154495f, 0f,
        0.07958029955625534f, 0.16093020141124725f, 0.24611230194568634f, 0.33791524171829224f, 0.44070982933044434f, 0.5626170039176941f, 0.7229568362236023f, 1f,
    ]);

    /// <summary>A 4-bit float as bitsandbytes has it: a sign, then eight values up to 12, of which one is 12. The upper eight codes are the negative ones.</summary>
    public static FourBitCode Fp4 { get; } = new("fp4", [.. new[] { 1f, -1f }.SelectMany(sign => new[] { 0f, 0.0625f, 8f, 12f, 4f, 6f, 2f, 3f }.Select(value => sign * value / 12f + 0f))]);

    /// <summary>The name that checkpoints and options use.</summary>
    public string Name { get; }

    /// <summary>The values of the sixteen codes.</summary>
    public ReadOnlySpan<float> Values => _values;

    /// <summary>The code of the nearest value; in the middle between two, of the smaller one. What is not a number is taken for 0.</summary>
    public byte Nearest(float value)
    {
        if (float.IsNaN(value)) value = 0;
        var place = 0;
        while (place < _middles.Length && value > _middles[place]) place++;
        return _order[place];
    }

    /// <inheritdoc/>
    public override string ToString() => Name;
}
