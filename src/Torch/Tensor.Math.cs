using AlpacaCot.Torch.Interop;

namespace AlpacaCot.Torch;

public sealed partial class Tensor
{
    /// <summary>Elementwise sum with <paramref name="alpha"/> times another tensor.</summary>
    public Tensor add(Tensor other, Scalar? alpha = null) => alpha is { } a ? Op.add_Tensor.Run(this, other, a) : Op.add_Tensor.Run(this, other);

    /// <summary>Elementwise sum with a number.</summary>
    public Tensor add(Scalar other) => Op.add_Scalar.Run(this, other);

    /// <summary>Adds <paramref name="alpha"/> times another tensor in place.</summary>
    public void add_(Tensor other, Scalar? alpha = null) => Op.add__Tensor.Do(this, other, alpha ?? 1);

    /// <summary>Adds a number in place.</summary>
    public void add_(Scalar other) => Op.add__Scalar.Do(this, other);

    /// <summary>Elementwise difference.</summary>
    public Tensor sub(Tensor other) => Op.sub_Tensor.Run(this, other);

    /// <summary>Elementwise difference with a number.</summary>
    public Tensor sub(Scalar other) => Op.sub_Scalar.Run(this, other);

    /// <summary>Subtracts <paramref name="alpha"/> times another tensor in place.</summary>
    public void sub_(Tensor other, Scalar? alpha = null) => Op.sub__Tensor.Do(this, other, alpha ?? 1);

    /// <summary>Subtracts a number in place.</summary>
    public void sub_(Scalar other) => Op.sub__Scalar.Do(this, other);

    /// <summary>Elementwise product.</summary>
    public Tensor mul(Tensor other) => Op.mul_Tensor.Run(this, other);

    /// <summary>Product with a number.</summary>
    public Tensor mul(Scalar other) => Op.mul_Scalar.Run(this, other);

    /// <summary>Multiplies in place.</summary>
    public void mul_(Tensor other) => Op.mul__Tensor.Do(this, other);

    /// <summary>Multiplies with a number in place.</summary>
    public void mul_(Scalar other) => Op.mul__Scalar.Do(this, other);

    /// <summary>Elementwise quotient; of integers a floating-point one.</summary>
    public Tensor div(Tensor other) => Op.div_Tensor.Run(this, other);

    /// <summary>Quotient by a number.</summary>
    public Tensor div(Scalar other) => Op.div_Scalar.Run(this, other);

    /// <summary>Divides in place.</summary>
    public void div_(Tensor other) => Op.div__Tensor.Do(this, other);

    /// <summary>Divides by a number in place.</summary>
    public void div_(Scalar other) => Op.div__Scalar.Do(this, other);

    /// <summary>Elementwise quotient rounded down.</summary>
    public Tensor floor_divide(Tensor other) => Op.div_mode.Run(this, other, "floor");

    /// <summary>Quotient by a number rounded down.</summary>
    public Tensor floor_divide(Scalar other) => Op.div_Scalar_mode.Run(this, other, "floor");

    /// <summary>Remainder with the sign of the divisor.</summary>
    public Tensor remainder(Scalar other) => Op.remainder_Scalar.Run(this, other);

    /// <summary>Remainder with the sign of the divisor.</summary>
    public Tensor remainder(Tensor other) => Op.remainder_Tensor.Run(this, other);

    /// <summary>Power with a number as exponent.</summary>
    public Tensor pow(Scalar exponent) => Op.pow_Scalar.Run(this, exponent);

    /// <summary>Elementwise power.</summary>
    public Tensor pow(Tensor exponent) => Op.pow_Tensor.Run(this, exponent);

    /// <summary>Negation.</summary>
    public Tensor neg() => Op.neg.Run(this);

    /// <summary>Absolute value.</summary>
    public Tensor abs() => Op.abs.Run(this);

    /// <summary>Sign: -1, 0 or 1.</summary>
    public Tensor sign() => Op.sign.Run(this);

    /// <summary>Square root.</summary>
    public Tensor sqrt() => Op.sqrt.Run(this);

    /// <summary>Reciprocal square root.</summary>
    public Tensor rsqrt() => Op.rsqrt.Run(this);

    /// <summary>Square.</summary>
    public Tensor square() => Op.square.Run(this);

    /// <summary>Reciprocal.</summary>
    public Tensor reciprocal() => Op.reciprocal.Run(this);

    /// <summary>Exponential.</summary>
    public Tensor exp() => Op.exp.Run(this);

    /// <summary>exp(x) - 1, exact near zero.</summary>
    public Tensor expm1() => Op.expm1.Run(this);

    /// <summary>Natural logarithm.</summary>
    public Tensor log() => Op.log.Run(this);

    /// <summary>log(1 + x), exact near zero.</summary>
    public Tensor log1p() => Op.log1p.Run(this);

    /// <summary>Binary logarithm.</summary>
    public Tensor log2() => Op.log2.Run(this);

    /// <summary>Sine.</summary>
    public Tensor sin() => Op.sin.Run(this);

    /// <summary>Cosine.</summary>
    public Tensor cos() => Op.cos.Run(this);

    /// <summary>Hyperbolic tangent.</summary>
    public Tensor tanh() => Op.tanh.Run(this);

    /// <summary>Logistic function.</summary>
    public Tensor sigmoid() => Op.sigmoid.Run(this);

    /// <summary>max(x, 0).</summary>
    public Tensor relu() => Op.relu.Run(this);

    /// <summary>x * sigmoid(x).</summary>
    public Tensor silu() => Op.silu.Run(this);

    /// <summary>Error function.</summary>
    public Tensor erf() => Op.erf.Run(this);

    /// <summary>Rounded down.</summary>
    public Tensor floor() => Op.floor.Run(this);

    /// <summary>Rounded up.</summary>
    public Tensor ceil() => Op.ceil.Run(this);

    /// <summary>Rounded half to even.</summary>
    public Tensor round() => Op.round.Run(this);

    /// <summary>Rounded towards zero.</summary>
    public Tensor trunc() => Op.trunc.Run(this);

    /// <summary>Gaussian error linear unit; approximate is <c>none</c> or <c>tanh</c>.</summary>
    public Tensor gelu(string approximate = "none") => Op.gelu.Run(this, approximate);

    /// <summary>log(1 + exp(x)).</summary>
    public Tensor softplus() => Op.softplus.Run(this);

    /// <summary>Limited to a range; either bound may be missing.</summary>
    public Tensor clamp(Scalar? min = null, Scalar? max = null) => Op.clamp.Run(this, min, max);

    /// <summary>Limits to a range in place.</summary>
    public void clamp_(Scalar? min = null, Scalar? max = null) => Op.clamp_.Do(this, min, max);

    /// <summary>Elementwise larger of two.</summary>
    public Tensor maximum(Tensor other) => Op.maximum.Run(this, other);

    /// <summary>Elementwise smaller of two.</summary>
    public Tensor minimum(Tensor other) => Op.minimum.Run(this, other);

    /// <summary>A number where the mask holds, this elsewhere.</summary>
    public Tensor masked_fill(Tensor mask, Scalar value) => Op.masked_fill_Scalar.Run(this, mask, value);

    /// <summary>Writes a number where the mask holds.</summary>
    public void masked_fill_(Tensor mask, Scalar value) => Op.masked_fill__Scalar.Do(this, mask, value);

    /// <summary>The elements where the mask holds, <c>[n]</c>.</summary>
    public Tensor masked_select(Tensor mask) => Op.masked_select.Run(this, mask);

    /// <summary>Adds value * a * b in place.</summary>
    public void addcmul_(Tensor a, Tensor b, Scalar? value = null) => Op.addcmul_.Do(this, a, b, value ?? 1);

    /// <summary>Adds value * a / b in place.</summary>
    public void addcdiv_(Tensor a, Tensor b, Scalar? value = null) => Op.addcdiv_.Do(this, a, b, value ?? 1);

    /// <summary>this + weight * (end - this).</summary>
    public Tensor lerp(Tensor end, Scalar weight) => Op.lerp_Scalar.Run(this, end, weight);

    /// <summary>Moves towards another tensor in place.</summary>
    public void lerp_(Tensor end, Scalar weight) => Op.lerp__Scalar.Do(this, end, weight);

    /// <summary>Writes zeros.</summary>
    public void zero_() => Op.zero_.Do(this);

    /// <summary>Writes a number everywhere.</summary>
    public void fill_(Scalar value) => Op.fill_.Do(this, value);

    /// <summary>Fills with uniform random numbers in [from, to).</summary>
    public void uniform_(double from = 0, double to = 1, Generator? generator = null) => Op.uniform_.Do(this, from, to, generator);

    /// <summary>Fills with normal random numbers.</summary>
    public void normal_(double mean = 0, double std = 1, Generator? generator = null) => Op.normal_.Do(this, mean, std, generator);

    /// <summary>Fills with ones with probability p, else zeros.</summary>
    public void bernoulli_(double p, Generator? generator = null) => Op.bernoulli_.Do(this, p, generator);

    /// <summary>Fills with exponentially distributed random numbers.</summary>
    public void exponential_(double lambda = 1, Generator? generator = null) => Op.exponential_.Do(this, lambda, generator);
}
