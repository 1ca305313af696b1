using AlpacaCot.Kernels;

namespace AlpacaCot.Models.Quantisation;

/// <summary>The scales of four-bit blocks: in fp32 (<paramref name="Codes"/> null), or in eight bits around their mean.</summary>
/// <param name="Block">Weights of a block.</param>
/// <param name="Largest">The scale of each block, or of each block of codes.</param>
/// <param name="Codes">The code of each block's scale.</param>
/// <param name="Map">What the 256 codes stand for.</param>
/// <param name="NestedBlock">Scales of a block of codes.</param>
/// <param name="Offset">The mean of the scales.</param>
internal sealed record BlockScales(int Block, float[] Largest, byte[]? Codes = null, float[]? Map = null, int NestedBlock = DynamicCode.UsualBlock, float Offset = 0)
{
    /// <summary>Bytes that are held; the map is shared.</summary>
    public long Bytes => sizeof(float) * Largest.LongLength + (Codes?.LongLength ?? 0);

    /// <summary>Quantises scales.</summary>
    public static BlockScales Doubled(int block, float[] scales)
    {
        // The reference's own sum, to the last bit.
        using var all = torch.tensor(scales);
        using var mean = all.mean();
        var offset = mean.item<float>();
        var codes = DynamicCode.Quantise(Array.ConvertAll(scales, scale => scale - offset), out var largest);
        return new BlockScales(block, largest, codes, [.. DynamicCode.Values], DynamicCode.UsualBlock, offset);
    }

    /// <summary>The scale of each block, as it is read back.</summary>
    public float[] Values() => Codes is null ? Largest : [.. Codes.Select((code, i) => Map![code] * Largest[i / NestedBlock] + Offset)];

    /// <summary>As kernels take them.</summary>
    public FourBitScales Spans() => new(Block, Largest) { Codes = Codes, Map = Map, NestedBlock = NestedBlock, Offset = Offset };
}

/// <summary>A weight in NF4 or FP4: codes of four bits, and a scale for each block of them.</summary>
internal sealed class FourBitWeight(long output, long input, FourBitCode code, byte[] packed, BlockScales scales) : QuantisedWeight(output, input)
{
    private readonly QuantisedMatrix _matrix = new(code, output, input, packed, scales.Spans());
    private readonly Lock _lock = new();
    private (Tensor Codes, Tensor Scales, Tensor Pairs)? _there;

    /// <inheritdoc/>
    public override QuantisedMatrix Matrix => _matrix;

    /// <inheritdoc/>
    public override WeightStorage Storage => StorageOf(code, scales.Codes is not null);

    /// <inheritdoc/>
    public override long Bytes => _matrix.Packed.Length + 2 * scales.Bytes;

    /// <summary>Two codes a byte.</summary>
    public ReadOnlySpan<byte> Packed => _matrix.Packed;

    /// <summary>The scales of the blocks.</summary>
    public BlockScales Scales => scales;

    /// <summary>The form of a code, with scales in eight bits or without.</summary>
    public static WeightStorage StorageOf(FourBitCode code, bool doubled) => code == FourBitCode.Fp4
        ? doubled ? WeightStorage.Fp4 : WeightStorage.Fp4Single
        : doubled ? WeightStorage.Nf4 : WeightStorage.Nf4Single;

    /// <summary>Quantises an fp32 weight on the processor.</summary>
    public static FourBitWeight Quantise(Tensor weight, FourBitCode code, bool doubled, int block = FourBit.UsualBlock)
    {
        var count = weight.numel();
        var (packed, largest) = (new byte[(count + 1) / 2], new float[FourBit.Blocks(count, block)]);
        FourBit.Quantise(code, weight, packed, largest, block);
        return new FourBitWeight(weight.size(0), weight.size(1), code, packed, doubled ? BlockScales.Doubled(block, largest) : new BlockScales(block, largest));
    }

    /// <inheritdoc/>
    public override QuantisedWeight Requantise(Tensor weight)
    {
        using var scope = torch.NewDisposeScope();
        return Quantise(weight.detach().to(ScalarType.Float32).cpu().contiguous(), code, scales.Codes is not null, scales.Block);
    }

    /// <inheritdoc/>
    public override Tensor Plain()
    {
        var weight = torch.empty([Out, In], ScalarType.Float32);
        FourBit.Dequantise(code, Packed, scales.Values(), weight, scales.Block);
        return weight;
    }

    /// <inheritdoc/>
    public override Tensor Plain(Device device) => device.type == DeviceType.CPU ? Plain() : WrittenOut(device);

    /// <summary>The weight on a device that has the codes and the scales: the two values that each byte stands for are looked up there.</summary>
    internal Tensor WrittenOut(Device device)
    {
        using var scope = torch.NewDisposeScope();
        using var _ = torch.no_grad();
        var (codes, largest, pairs) = There(device);
        var values = pairs.index_select(0, codes.to(ScalarType.Int32)).view(-1).narrow(0, 0, Out * In);
        var weight = Out * In % scales.Block == 0 ? values.view(-1, scales.Block) * largest.unsqueeze(1) : values * largest.repeat_interleave(scales.Block).narrow(0, 0, Out * In);
        return weight.view(Out, In).MoveToOuterDisposeScope();
    }

    private (Tensor Codes, Tensor Scales, Tensor Pairs) There(Device device)
    {
        lock (_lock)
        {
            if (_there is { } there) return there;
            var pairs = torch.empty([256, 2], ScalarType.Float32);
            FourBit.Dequantise(code, [.. Enumerable.Range(0, 256).Select(value => (byte)value)], [.. Enumerable.Repeat(1f, 256)], pairs, 2);
            Tensor Held(Tensor here) => here.to(device).DetachFromDisposeScope();
            _there = (Held(torch.tensor(Packed.ToArray())), Held(torch.tensor(scales.Values())), Held(pairs));
            return _there.Value;
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        if (_there is not var (codes, largest, pairs)) return;
        codes.Dispose();
        largest.Dispose();
        pairs.Dispose();
        _there = null;
    }
}
