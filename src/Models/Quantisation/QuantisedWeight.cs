using AlpacaCot.Kernels;

namespace AlpacaCot.Models.Quantisation;

/// <summary>A weight <c>[out, in]</c> in fewer bits than it is computed with.</summary>
internal abstract class QuantisedWeight(long output, long input) : IDisposable
{
    /// <summary>Rows.</summary>
    public long Out => output;

    /// <summary>Columns.</summary>
    public long In => input;

    /// <summary>The form that it is held in.</summary>
    public abstract WeightStorage Storage { get; }

    /// <summary>Bytes that are held for it.</summary>
    public abstract long Bytes { get; }

    /// <summary>Quantises a weight, which is only read.</summary>
    public static QuantisedWeight Of(Tensor weight, WeightStorage storage)
    {
        using var scope = torch.NewDisposeScope();
        using var _ = torch.no_grad();
        var plain = weight.detach().to(ScalarType.Float32).cpu().contiguous();
        return storage switch
        {
            WeightStorage.Int8 or WeightStorage.LlmInt8 or WeightStorage.W8A8 => Int8Weight.Quantise(plain, weight.device, storage),
            WeightStorage.Nf4 or WeightStorage.Nf4Single => FourBitWeight.Quantise(plain, FourBitCode.Nf4, storage == WeightStorage.Nf4),
            WeightStorage.Fp4 or WeightStorage.Fp4Single => FourBitWeight.Quantise(plain, FourBitCode.Fp4, storage == WeightStorage.Fp4),
            _ => throw new ArgumentException($"{storage} is no form with fewer bits", nameof(storage)),
        };
    }

    /// <summary>As <see cref="Of"/>, in the same form as this one.</summary>
    public virtual QuantisedWeight Requantise(Tensor weight) => Of(weight, Storage);

    /// <summary>The weight that is held, fp32 where it is kept.</summary>
    public abstract Tensor Plain();

    /// <summary>The same on a device.</summary>
    public virtual Tensor Plain(Device device) => Plain().to(device);

    /// <summary>The weight, kept on a device; this one is not to be used any more.</summary>
    public virtual QuantisedWeight MovedTo(Device device) => this;

    /// <summary>What a few rows are multiplied by straight from the codes; null where there is no such way.</summary>
    public abstract QuantisedMatrix? Matrix { get; }

    /// <summary>The weight for products of integers in both directions, which are its products then; null for a weight that is multiplied as a number.</summary>
    public virtual ByteMatrix? Integers => null;

    /// <summary>The product x Wᵀ without a gradient, where there is a better way than by <see cref="Plain()"/>; else null.</summary>
    /// <param name="x"><c>[rows, in]</c>.</param>
    public virtual Tensor? Product(Tensor x) => Matrix is { } matrix && matrix.Suits(x) ? matrix.Product(x) : null;

    /// <inheritdoc/>
    public virtual void Dispose() { }
}
