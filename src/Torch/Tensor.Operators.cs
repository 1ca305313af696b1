namespace AlpacaCot.Torch;

public sealed partial class Tensor
{
    /// <summary>One index along the first dimension, which goes, without a copy.</summary>
    public Tensor this[long index] => select(0, index);

    /// <summary>A range along the first dimension, without a copy.</summary>
    public Tensor this[Range range]
    {
        get
        {
            var (offset, length) = range.GetOffsetAndLength(checked((int)size(0)));
            return narrow(0, offset, length);
        }
    }

    /// <summary>Elementwise sum.</summary>
    public static Tensor operator +(Tensor a, Tensor b) => a.add(b);

    /// <summary>Sum with a number.</summary>
    public static Tensor operator +(Tensor a, Scalar b) => a.add(b);

    /// <summary>Sum with a number.</summary>
    public static Tensor operator +(Scalar a, Tensor b) => b.add(a);

    /// <summary>Elementwise difference.</summary>
    public static Tensor operator -(Tensor a, Tensor b) => a.sub(b);

    /// <summary>Difference with a number.</summary>
    public static Tensor operator -(Tensor a, Scalar b) => a.sub(b);

    /// <summary>Difference of a number and a tensor.</summary>
    public static Tensor operator -(Scalar a, Tensor b) => Interop.Op.rsub_Scalar.Run(b, a);

    /// <summary>Negation.</summary>
    public static Tensor operator -(Tensor a) => a.neg();

    /// <summary>Elementwise product.</summary>
    public static Tensor operator *(Tensor a, Tensor b) => a.mul(b);

    /// <summary>Product with a number.</summary>
    public static Tensor operator *(Tensor a, Scalar b) => a.mul(b);

    /// <summary>Product with a number.</summary>
    public static Tensor operator *(Scalar a, Tensor b) => b.mul(a);

    /// <summary>Elementwise quotient.</summary>
    public static Tensor operator /(Tensor a, Tensor b) => a.div(b);

    /// <summary>Quotient by a number.</summary>
    public static Tensor operator /(Tensor a, Scalar b) => a.div(b);

    /// <summary>Quotient of a number and a tensor.</summary>
    public static Tensor operator /(Scalar a, Tensor b) => b.reciprocal().mul(a);
}
