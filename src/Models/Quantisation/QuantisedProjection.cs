using AlpacaCot.Kernels;

namespace AlpacaCot.Models.Quantisation;

/// <summary>
/// A frozen projection whose weights are stored in fewer bits than it computes in. They are written out for every product and let go of again, in the
/// backward pass once more: what is held is the codes alone.
/// </summary>
internal abstract class QuantisedProjection(long input, long output, Tensor? bias, Device device) : Projection
{
    /// <inheritdoc/>
    public override int In => (int)input;

    /// <inheritdoc/>
    public override int Out => (int)output;

    /// <inheritdoc/>
    public override Tensor? Bias => bias;

    /// <summary>Where the codes live.</summary>
    protected Device Device => device;

    /// <summary>Bytes that are held for the weight.</summary>
    public abstract long Bytes { get; }

    /// <summary>A projection over a weight <c>[out, in]</c>, which is only read.</summary>
    public static QuantisedProjection Of(Tensor weight, Tensor? bias, WeightStorage storage)
    {
        QuantisedProjection made = storage == WeightStorage.Int8
            ? new Int8Projection(weight.size(1), weight.size(0), bias, weight.device)
            : new Nf4Projection(weight.size(1), weight.size(0), bias, weight.device, storage == WeightStorage.Nf4);
        made.Quantise(weight);
        return made;
    }

    /// <inheritdoc/>
    public override Tensor Forward(Tensor x) => Product(x, bias);

    /// <inheritdoc/>
    public override Tensor Multiply(Tensor x) => Product(x, null);

    private Tensor Product(Tensor x, Tensor? added)
    {
        if (QuantisedRows.Suits(x, In) && device.type == DeviceType.CPU) return FewRows(x, added);
        Tensor y;
        using (torch.no_grad())
        {
            using var scope = torch.NewDisposeScope();
            y = Functional.Linear(x, Weight(x.dtype), added).MoveToOuterDisposeScope();
        }
        Autograd.Function([x], [y], [], (gradients, _) => [gradients[0] is { } dy ? dy.mm(Weight(dy.dtype)) : null]);
        return y;
    }

    /// <inheritdoc/>
    public override Tensor Dequantise() => Weight(ScalarType.Float32);

    /// <inheritdoc/>
    public override void Replace(Tensor weight, Tensor? bias)
    {
        ArgumentNullException.ThrowIfNull(weight);
        if (bias is not null && Bias is null) throw new ModelException("a bias cannot be merged into a projection without one");
        using var _ = torch.no_grad();
        Quantise(weight);
        if (bias is not null) Bias!.copy_(bias);
    }

    /// <summary>The product with a few rows, straight from the codes; without the bias.</summary>
    protected abstract Tensor Product(Tensor x);

    /// <summary>The weight <c>[out, in]</c> that is held, in fp32.</summary>
    protected abstract Tensor Plain();

    /// <summary>Takes another weight.</summary>
    protected abstract void Take(Tensor weight);

    private Tensor FewRows(Tensor x, Tensor? added)
    {
        var y = Product(x);
        if (added is null) return y;
        using (y) return y + added;
    }

    private void Quantise(Tensor weight)
    {
        using var scope = torch.NewDisposeScope();
        using var _ = torch.no_grad();
        Take(weight.detach().to(ScalarType.Float32).cpu().contiguous());
    }

    private Tensor Weight(ScalarType dtype)
    {
        using var scope = torch.NewDisposeScope();
        using var _ = torch.no_grad();
        return Plain().to(dtype, device).MoveToOuterDisposeScope();
    }
}

/// <summary>NF4: codes of four bits, and scales in fp32 or in eight bits around their mean.</summary>
internal sealed class Nf4Projection(long input, long output, Tensor? bias, Device device, bool doubled) : QuantisedProjection(input, output, bias, device)
{
    private byte[] _packed = [], _scaleCodes = [];
    private float[] _scales = [];      // of the blocks, or of the blocks of their codes
    private float _offset;

    /// <inheritdoc/>
    public override long Bytes => _packed.LongLength + _scaleCodes.LongLength + sizeof(float) * _scales.LongLength;

    /// <summary>Two codes a byte.</summary>
    public ReadOnlySpan<byte> Packed => _packed;

    /// <summary>The scale of each block, as it is read back.</summary>
    public float[] Scales() => !doubled ? _scales : [.. _scaleCodes.Select((code, i) => DynamicCode.Signed.Values[code] * _scales[i / DynamicCode.Block] + _offset)];

    /// <inheritdoc/>
    protected override Tensor Product(Tensor x) => QuantisedRows.Nf4Linear(x, _packed, Scales(), Out);

    /// <inheritdoc/>
    protected override Tensor Plain()
    {
        var weight = torch.empty([Out, In], ScalarType.Float32);
        Nf4.Dequantise(_packed, Scales(), weight);
        return weight;
    }

    /// <inheritdoc/>
    protected override void Take(Tensor weight)
    {
        var count = weight.numel();
        _packed = new byte[(count + 1) / 2];
        var scales = new float[Nf4.Blocks(count)];
        Nf4.Quantise(weight, _packed, scales);
        if (!doubled)
        {
            _scales = scales;
            return;
        }
        _offset = (float)scales.Average(scale => (double)scale);
        _scaleCodes = DynamicCode.Signed.Quantise(Array.ConvertAll(scales, scale => scale - _offset), out _scales);
    }

    /// <inheritdoc/>
    public override void Dispose() { }
}

/// <summary>A signed byte a weight: round(127 · w / largest of its row), the weight rounded to fp16 before, as LLM.int8 has it.</summary>
internal sealed class Int8Projection(long input, long output, Tensor? bias, Device device) : QuantisedProjection(input, output, bias, device)
{
    private Tensor? _codes, _largest;

    /// <inheritdoc/>
    public override long Bytes => (long)Out * In + (long)Out * sizeof(float);

    /// <summary>The codes <c>[out, in]</c>.</summary>
    public Tensor Codes => _codes!;

    /// <summary>The largest absolute value of each row <c>[out]</c>.</summary>
    public Tensor Largest => _largest!;

    /// <inheritdoc/>
    protected override Tensor Product(Tensor x)
    {
        using var scale = _largest! / 127;
        return QuantisedRows.Int8Linear(x, _codes!, scale);
    }

    /// <inheritdoc/>
    protected override Tensor Plain() => _codes!.to(ScalarType.Float32) * (_largest! / 127).unsqueeze(1);

    /// <inheritdoc/>
    protected override void Take(Tensor weight)
    {
        var halves = weight.to(ScalarType.Float16).to(ScalarType.Float32);
        var largest = halves.abs().amax([1]);
        var codes = (halves * (127 / largest.clamp_min(float.Epsilon)).unsqueeze(1)).round().to(ScalarType.Int8);
        Dispose();
        (_codes, _largest) = (codes.to(Device).DetachFromDisposeScope(), largest.to(Device).DetachFromDisposeScope());
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _codes?.Dispose();
        _largest?.Dispose();
    }
}
