namespace AlpacaCot.Models.Checkpoints.Gguf;

/// <summary>The blocks of 256 that GGUF stores ("K"): parts of 16 or 32 elements, whose scales and minima are a few bits each and share fp16 factors.</summary>
internal static class GgufSuperBlocks
{
    /// <summary>2 bits: 16 bytes of scale | minimum of 16 parts, 64 bytes of elements, d, dmin.</summary>
    public static void Q2_K(ReadOnlySpan<byte> block, Span<float> values)
    {
        ReadOnlySpan<byte> scales = block[..16], bits = block[16..80];
        float d = GgufBlocks.Half(block[80..]), least = GgufBlocks.Half(block[82..]);
        for (var part = 0; part < 16; part++)
        {
            var (half, shift, at) = Place(part);
            float scale = d * (scales[part] & 15), minimum = least * (scales[part] >> 4);
            for (var i = 0; i < 16; i++) values[16 * part + i] = scale * (bits[32 * half + at + i] >> shift & 3) - minimum;
        }
    }

    /// <summary>3 bits: 32 bytes of high bits, 64 of low ones, 12 of scales, d. The high bit is inverted: without it 4 is taken away.</summary>
    public static void Q3_K(ReadOnlySpan<byte> block, Span<float> values)
    {
        ReadOnlySpan<byte> high = block[..32], bits = block[32..96], scales = block[96..108];
        var d = GgufBlocks.Half(block[108..]);
        for (var part = 0; part < 16; part++)
        {
            var (half, shift, at) = Place(part);
            var low = part < 8 ? scales[part] & 15 : scales[part - 8] >> 4;
            var scale = d * ((low | (scales[8 + part % 4] >> 2 * (part / 4) & 3) << 4) - 32);
            var mask = 1 << (4 * half + shift / 2);
            for (var i = 0; i < 16; i++) values[16 * part + i] = scale * ((bits[32 * half + at + i] >> shift & 3) - ((high[at + i] & mask) != 0 ? 0 : 4));
        }
    }

    /// <summary>4 bits: d, dmin, 12 bytes of scales and minima of 8 parts, 128 bytes of elements.</summary>
    public static void Q4_K(ReadOnlySpan<byte> block, Span<float> values)
    {
        float d = GgufBlocks.Half(block), least = GgufBlocks.Half(block[2..]);
        ReadOnlySpan<byte> scales = block[4..16], bits = block[16..144];
        for (var part = 0; part < 8; part++)
        {
            var (scale, minimum) = ScaleOf(scales, part);
            float s = d * scale, m = least * minimum;
            var shift = part % 2 * 4;
            for (var i = 0; i < 32; i++) values[32 * part + i] = s * (bits[part / 2 * 32 + i] >> shift & 15) - m;
        }
    }

    /// <summary>5 bits: as four, and 32 bytes with a fifth bit for each part.</summary>
    public static void Q5_K(ReadOnlySpan<byte> block, Span<float> values)
    {
        float d = GgufBlocks.Half(block), least = GgufBlocks.Half(block[2..]);
        ReadOnlySpan<byte> scales = block[4..16], fifth = block[16..48], bits = block[48..176];
        for (var part = 0; part < 8; part++)
        {
            var (scale, minimum) = ScaleOf(scales, part);
            float s = d * scale, m = least * minimum;
            var shift = part % 2 * 4;
            for (var i = 0; i < 32; i++) values[32 * part + i] = s * ((bits[part / 2 * 32 + i] >> shift & 15) + (fifth[i] >> part & 1) * 16) - m;
        }
    }

    /// <summary>6 bits: 128 bytes of low halves, 64 of high pairs, 16 signed scales, d.</summary>
    public static void Q6_K(ReadOnlySpan<byte> block, Span<float> values)
    {
        ReadOnlySpan<byte> low = block[..128], high = block[128..192], scales = block[192..208];
        var d = GgufBlocks.Half(block[208..]);
        for (var part = 0; part < 16; part++)
        {
            // Of each 128 elements, quarter q stands in the low halves of 64 bytes (q 0 and 1) or in their high ones, and in two bits of 32 others.
            int half = part / 8, quarter = part % 8 / 2, at = part % 2 * 16;
            var scale = d * (sbyte)scales[part];
            for (var i = 0; i < 16; i++)
            {
                var four = low[64 * half + quarter % 2 * 32 + at + i] >> quarter / 2 * 4 & 15;
                values[16 * part + i] = scale * ((four | (high[32 * half + at + i] >> 2 * quarter & 3) << 4) - 32);
            }
        }
    }

    /// <summary>Six bits of scale and of minimum of a part, as the kinds of four and five bits pack them.</summary>
    public static (int Scale, int Minimum) ScaleOf(ReadOnlySpan<byte> scales, int part) => part < 4
        ? (scales[part] & 63, scales[part + 4] & 63)
        : (scales[part + 4] & 15 | scales[part - 4] >> 6 << 4, scales[part + 4] >> 4 | scales[part] >> 6 << 4);

    // Where the 16 elements of a part stand in kinds of two bits: 32 bytes hold 128 elements, four to a byte.
    private static (int Half, int Shift, int At) Place(int part) => (part / 8, part % 8 / 2 * 2, part % 2 * 16);
}
