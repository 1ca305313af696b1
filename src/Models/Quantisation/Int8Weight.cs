using AlpacaCot.Kernels;

namespace AlpacaCot.Models.Quantisation;

/// <summary>
/// A signed byte a weight: round(127 · w / largest of its row), the weight rounded to fp16 before, as LLM.int8 (Dettmers et al. 2022) has it. It is
/// multiplied as the weight that the codes stand for, or as the paper does where nothing is trained (x in bytes too, but for the columns that hold a large
/// value), or in bytes always.
/// </summary>
/// <param name="codes">The codes <c>[out, in]</c>.</param>
/// <param name="largest">The largest absolute value of each row <c>[out]</c>.</param>
/// <param name="storage">Which of the three.</param>
internal sealed class Int8Weight(Tensor codes, Tensor largest, WeightStorage storage) : QuantisedWeight(codes.size(0), codes.size(1))
{
    /// <summary>From here on a value is an outlier: the paper's and the reference's threshold.</summary>
    public const double Threshold = 6;

    // Below what fp16 holds: a row of zeros has the scale of none, not an infinite one.
    private const double Least = 1e-8;

    private QuantisedMatrix? _matrix;
    private ByteMatrix? _integers;
    private readonly Tensor _scale = ScaleOf(largest);

    /// <inheritdoc/>
    public override WeightStorage Storage => storage;

    /// <inheritdoc/>
    public override long Bytes => Out * In + 2 * Out * sizeof(float);

    /// <summary>The codes <c>[out, in]</c>.</summary>
    public Tensor Codes => codes;

    /// <summary>The largest absolute value of each row <c>[out]</c>.</summary>
    public Tensor Largest => largest;

    /// <summary>Quantises an fp32 weight.</summary>
    public static Int8Weight Quantise(Tensor weight, Device device, WeightStorage storage)
    {
        using var scope = torch.NewDisposeScope();
        var halves = weight.to(ScalarType.Float16).to(ScalarType.Float32);
        var largest = halves.abs().amax([1]);
        var codes = (halves * (127 / largest.clamp_min(Least)).unsqueeze(1)).round().to(ScalarType.Int8);
        return new Int8Weight(codes.to(device).DetachFromDisposeScope(), largest.to(device).DetachFromDisposeScope(), storage);
    }

    /// <inheritdoc/>
    public override Tensor Plain() => codes.to(ScalarType.Float32) * _scale.unsqueeze(1);

    /// <inheritdoc/>
    public override QuantisedWeight MovedTo(Device device)
    {
        if (device.type == codes.device_type) return this;
        using (this) return new Int8Weight(codes.to(device).DetachFromDisposeScope(), largest.to(device).DetachFromDisposeScope(), storage);
    }

    /// <inheritdoc/>
    public override QuantisedMatrix? Matrix => storage != WeightStorage.Int8 || codes.device_type != DeviceType.CPU ? null : _matrix ??= new QuantisedMatrix(codes, _scale);

    /// <inheritdoc/>
    public override ByteMatrix? Integers => storage != WeightStorage.W8A8 ? null : _integers ??= new ByteMatrix(codes, _scale);

    /// <inheritdoc/>
    public override Tensor? Product(Tensor x) => storage == WeightStorage.LlmInt8 && x.device_type == codes.device_type ? ByIntegers(x, Threshold) : base.Product(x);

    // Divided on the processor: a GPU multiplies by 1 / 127, and would hold another weight.
    private static Tensor ScaleOf(Tensor largest)
    {
        using var scope = torch.NewDisposeScope();
        return (largest.cpu() / 127).to(largest.device).DetachFromDisposeScope();
    }

    /// <summary>Rows of x in bytes.</summary>
    /// <param name="x"><c>[rows, in]</c>.</param>
    /// <param name="threshold">Values from here on are left out, and the columns that hold one are zero; 0 for none.</param>
    /// <returns>The codes, the largest value that is left of each row, and the columns that were left out (null for none); x as it was rounded.</returns>
    public static (Tensor Codes, Tensor Largest, Tensor? Columns, Tensor Rounded) Rows(Tensor x, double threshold)
    {
        var rounded = x.to(ScalarType.Float16).to(ScalarType.Float32);
        Tensor kept = rounded, columns = torch.zeros([0], ScalarType.Int64);
        if (threshold > 0)
        {
            var outliers = rounded.abs() >= threshold;
            columns = outliers.any(0).nonzero().flatten();
            if (columns.numel() > 0) kept = rounded.masked_fill(outliers, 0);
        }
        var largest = kept.abs().amax([1]);
        var codes = (kept * (127 / largest.clamp_min(Least)).unsqueeze(1)).round();
        if (columns.numel() > 0) codes = codes.index_fill(1, columns, 0);
        return (codes.to(ScalarType.Int8), largest, columns.numel() > 0 ? columns : null, rounded);
    }

    /// <summary>LLM.int8's product: integers for what is small, fp32 for the columns that hold a large value.</summary>
    public Tensor ByIntegers(Tensor x, double threshold)
    {
        using var scope = torch.NewDisposeScope();
        using var _ = torch.no_grad();
        var (rows, stats, columns, rounded) = Rows(x, threshold);
        var y = IntegerRows.Product(rows, codes) * (stats / 127).unsqueeze(1) * _scale;
        if (columns is not null) y += rounded.index_select(1, columns).mm((codes.index_select(1, columns).to(ScalarType.Float32) * _scale.unsqueeze(1)).t());
        return y.to(x.dtype).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        codes.Dispose();
        largest.Dispose();
        _scale.Dispose();
        _integers?.Dispose();
    }
}
