using System.Buffers.Binary;

namespace AlpacaCot.Models.Checkpoints.Gguf;

/// <summary>Reads one block of elements.</summary>
internal delegate void BlockReader(ReadOnlySpan<byte> block, Span<float> values);

/// <summary>The blocks of 32 that GGUF stores: an fp16 scale d, in some kinds an fp16 minimum m, and a few bits an element.</summary>
internal static class GgufBlocks
{
    /// <summary>Blocks that one thread reads at a time.</summary>
    private const int PerPart = 4096;

    /// <summary>Elements of blocks one behind the other, in fp32.</summary>
    public static unsafe void Dequantise(GgufType type, nint from, long blocks, nint to)
    {
        var read = Reader(type);
        var parts = (int)((blocks + PerPart - 1) / PerPart);
        Parallel.For(0, parts, part =>
        {
            for (long block = (long)part * PerPart, end = Math.Min(blocks, block + PerPart); block < end; block++)
                read(new ReadOnlySpan<byte>((byte*)from + block * type.Bytes, type.Bytes), new Span<float>((float*)to + block * type.Elements, type.Elements));
        });
    }

    /// <summary>How a type's blocks are read.</summary>
    public static BlockReader Reader(GgufType type) => type.Name switch
    {
        "Q8_0" => Q8_0,
        "Q4_0" => Q4_0,
        "Q4_1" => Q4_1,
        "Q5_0" => Q5_0,
        "Q5_1" => Q5_1,
        "Q2_K" => GgufSuperBlocks.Q2_K,
        "Q3_K" => GgufSuperBlocks.Q3_K,
        "Q4_K" => GgufSuperBlocks.Q4_K,
        "Q5_K" => GgufSuperBlocks.Q5_K,
        "Q6_K" => GgufSuperBlocks.Q6_K,
        _ => throw new ArgumentException($"{type.Name} has no blocks", nameof(type)),
    };

    /// <summary>An fp16 number.</summary>
    public static float Half(ReadOnlySpan<byte> bytes) => (float)BinaryPrimitives.ReadHalfLittleEndian(bytes);

    private static void Q8_0(ReadOnlySpan<byte> block, Span<float> values)
    {
        var d = Half(block);
        for (var i = 0; i < 32; i++) values[i] = d * (sbyte)block[2 + i];
    }

    // Byte i holds elements i and i + 16, as in all kinds of four and five bits.
    private static void Q4_0(ReadOnlySpan<byte> block, Span<float> values)
    {
        var d = Half(block);
        for (var i = 0; i < 16; i++)
        {
            values[i] = d * ((block[2 + i] & 15) - 8);
            values[i + 16] = d * ((block[2 + i] >> 4) - 8);
        }
    }

    private static void Q4_1(ReadOnlySpan<byte> block, Span<float> values)
    {
        float d = Half(block), m = Half(block[2..]);
        for (var i = 0; i < 16; i++)
        {
            values[i] = d * (block[4 + i] & 15) + m;
            values[i + 16] = d * (block[4 + i] >> 4) + m;
        }
    }

    private static void Q5_0(ReadOnlySpan<byte> block, Span<float> values)
    {
        var d = Half(block);
        var fifth = BinaryPrimitives.ReadUInt32LittleEndian(block[2..]);
        for (var i = 0; i < 16; i++)
        {
            values[i] = d * (Five(block[6 + i] & 15, fifth, i) - 16);
            values[i + 16] = d * (Five(block[6 + i] >> 4, fifth, i + 16) - 16);
        }
    }

    private static void Q5_1(ReadOnlySpan<byte> block, Span<float> values)
    {
        float d = Half(block), m = Half(block[2..]);
        var fifth = BinaryPrimitives.ReadUInt32LittleEndian(block[4..]);
        for (var i = 0; i < 16; i++)
        {
            values[i] = d * Five(block[8 + i] & 15, fifth, i) + m;
            values[i + 16] = d * Five(block[8 + i] >> 4, fifth, i + 16) + m;
        }
    }

    private static int Five(int four, uint fifth, int i) => four | (int)(fifth >> i & 1) << 4;
}
