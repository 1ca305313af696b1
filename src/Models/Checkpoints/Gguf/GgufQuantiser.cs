using System.Buffers.Binary;

namespace AlpacaCot.Models.Checkpoints.Gguf;

/// <summary>Writes values in blocks, as llama.cpp's plain functions round them.</summary>
internal static class GgufQuantiser
{
    private delegate void BlockWriter(ReadOnlySpan<float> values, Span<byte> block);

    /// <summary>A row-major fp32 tensor in blocks; its rows are a whole number of blocks long.</summary>
    public static byte[] Quantise(GgufType type, ReadOnlySpan<float> values)
    {
        BlockWriter write = type.Name switch
        {
            "Q8_0" => Q8_0,
            "Q4_0" => Q4_0,
            "Q4_K" => Q4_K,
            _ => throw new ArgumentException($"{type.Name} is not written", nameof(type)),
        };
        var bytes = new byte[values.Length / type.Elements * type.Bytes];
        for (var block = 0; block < values.Length / type.Elements; block++)
            write(values.Slice(block * type.Elements, type.Elements), bytes.AsSpan(block * type.Bytes, type.Bytes));
        return bytes;
    }

    private static void Q8_0(ReadOnlySpan<float> values, Span<byte> block)
    {
        var most = 0f;
        foreach (var value in values) most = Math.Max(most, Math.Abs(value));
        var d = most / 127;
        BinaryPrimitives.WriteHalfLittleEndian(block, (Half)d);
        var inverse = d == 0 ? 0 : 1 / d;
        for (var i = 0; i < 32; i++) block[2 + i] = (byte)(sbyte)MathF.Round(values[i] * inverse, MidpointRounding.AwayFromZero);
    }

    // The value of largest size becomes -8 exactly.
    private static void Q4_0(ReadOnlySpan<float> values, Span<byte> block)
    {
        var (most, signed) = (0f, 0f);
        foreach (var value in values)
            if (Math.Abs(value) > most) (most, signed) = (Math.Abs(value), value);
        var d = signed / -8;
        BinaryPrimitives.WriteHalfLittleEndian(block, (Half)d);
        var inverse = d == 0 ? 0 : 1 / d;
        for (var i = 0; i < 16; i++) block[2 + i] = (byte)(Four(values[i] * inverse + 8.5f) | Four(values[i + 16] * inverse + 8.5f) << 4);
    }

    private static int Four(float value) => Math.Clamp((int)value, 0, 15);

    /// <summary>
    /// Each part of 32 gets the scale and the minimum that are nearest by weighted squares over a few trials; these become six bits each of the largest of
    /// the block; the elements are rounded to what came of them.
    /// </summary>
    private static void Q4_K(ReadOnlySpan<float> values, Span<byte> block)
    {
        Span<float> scales = stackalloc float[8], minima = stackalloc float[8];
        for (var part = 0; part < 8; part++) (scales[part], minima[part]) = Fit(values.Slice(32 * part, 32));
        float mostScale = 0, mostMinimum = 0;
        for (var part = 0; part < 8; part++) (mostScale, mostMinimum) = (Math.Max(mostScale, scales[part]), Math.Max(mostMinimum, minima[part]));
        block[..16].Clear();
        BinaryPrimitives.WriteHalfLittleEndian(block, (Half)(mostScale / 63));
        BinaryPrimitives.WriteHalfLittleEndian(block[2..], (Half)(mostMinimum / 63));
        for (var part = 0; part < 8; part++)
            Pack(block[4..16], part, Six(scales[part], mostScale), Six(minima[part], mostMinimum));
        float d = GgufBlocks.Half(block), least = GgufBlocks.Half(block[2..]);
        for (var part = 0; part < 8; part++)
        {
            var (scale, minimum) = GgufSuperBlocks.ScaleOf(block[4..16], part);
            float s = d * scale, m = least * minimum;
            var shift = part % 2 * 4;
            for (var i = 0; i < 32; i++)
            {
                var four = s == 0 ? 0 : Math.Clamp((int)MathF.Round((values[32 * part + i] + m) / s), 0, 15);
                ref var at = ref block[16 + part / 2 * 32 + i];
                at = (byte)(shift == 0 ? four : at | four << 4);
            }
        }
    }

    private static int Six(float value, float most) => most > 0 ? Math.Min(63, (int)MathF.Round(63 * value / most)) : 0;

    private static void Pack(Span<byte> scales, int part, int scale, int minimum)
    {
        if (part < 4)
        {
            scales[part] |= (byte)scale;
            scales[part + 4] |= (byte)minimum;
            return;
        }
        scales[part + 4] = (byte)(scale & 15 | (minimum & 15) << 4);
        scales[part - 4] |= (byte)(scale >> 4 << 6);
        scales[part] |= (byte)(minimum >> 4 << 6);
    }

    // x is about scale · q - minimum with q of 0 … 15 and a minimum from 0 on.
    private static (float Scale, float Minimum) Fit(ReadOnlySpan<float> x)
    {
        const int Most = 15, Trials = 20;
        float low = 0, high = float.NegativeInfinity, square = 0;
        foreach (var value in x) (low, high, square) = (Math.Min(low, value), Math.Max(high, value), square + value * value);
        if (high <= low) return (0, -low);
        Span<float> weights = stackalloc float[32];
        var typical = MathF.Sqrt(square / x.Length);
        for (var i = 0; i < 32; i++) weights[i] = typical + Math.Abs(x[i]);
        var best = ((high - low) / Most, -low);
        var least = Error(x, weights, best.Item1, best.Item2);
        for (var trial = 0; trial <= Trials; trial++)
        {
            var inverse = (Most - 1 + 0.1f * trial) / (high - low);
            var (scale, minimum) = Solve(x, weights, low, inverse);
            if (scale <= 0) continue;
            var error = Error(x, weights, scale, minimum);
            if (error < least) (best, least) = ((scale, minimum), error);
        }
        return best;
    }

    // Scale and minimum by least squares once the q are chosen.
    private static (float Scale, float Minimum) Solve(ReadOnlySpan<float> x, ReadOnlySpan<float> weights, float low, float inverse)
    {
        double w = 0, wq = 0, wqq = 0, wx = 0, wqx = 0;
        for (var i = 0; i < x.Length; i++)
        {
            double q = Math.Clamp((int)MathF.Round(inverse * (x[i] - low)), 0, 15), weight = weights[i];
            (w, wq, wqq, wx, wqx) = (w + weight, wq + weight * q, wqq + weight * q * q, wx + weight * x[i], wqx + weight * q * x[i]);
        }
        var determinant = w * wqq - wq * wq;
        if (determinant <= 0) return (0, 0);
        var (scale, offset) = ((w * wqx - wx * wq) / determinant, (wqq * wx - wq * wqx) / determinant);
        if (offset > 0) (scale, offset) = (wqq > 0 ? wqx / wqq : 0, 0);
        return ((float)scale, (float)-offset);
    }

    private static float Error(ReadOnlySpan<float> x, ReadOnlySpan<float> weights, float scale, float minimum)
    {
        var sum = 0f;
        for (var i = 0; i < x.Length; i++)
        {
            var difference = scale * Math.Clamp((int)MathF.Round((x[i] + minimum) / scale), 0, 15) - minimum - x[i];
            sum += weights[i] * difference * difference;
        }
        return sum;
    }
}
