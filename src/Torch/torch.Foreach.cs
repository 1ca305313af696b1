using AlpacaCot.Torch.Interop;

namespace AlpacaCot.Torch;

public static partial class torch
{
    /// <summary>Operators over lists of tensors: one call for all parameters.</summary>
    public static class foreach_
    {
        /// <summary>Adds alpha times the other list in place.</summary>
        public static void add_(IReadOnlyList<Tensor> self, IReadOnlyList<Tensor> other, Scalar? alpha = null) =>
            Op.foreach_add__List.Do(Value.List(self), Value.List(other), alpha ?? 1);

        /// <summary>Adds a number in place.</summary>
        public static void add_(IReadOnlyList<Tensor> self, Scalar value) => Op.foreach_add__Scalar.Do(Value.List(self), value);

        /// <summary>Multiplies with a number in place.</summary>
        public static void mul_(IReadOnlyList<Tensor> self, Scalar value) => Op.foreach_mul__Scalar.Do(Value.List(self), value);

        /// <summary>Divides by the other list in place.</summary>
        public static void div_(IReadOnlyList<Tensor> self, IReadOnlyList<Tensor> other) => Op.foreach_div__List.Do(Value.List(self), Value.List(other));

        /// <summary>Adds value * a * b in place.</summary>
        public static void addcmul_(IReadOnlyList<Tensor> self, IReadOnlyList<Tensor> a, IReadOnlyList<Tensor> b, Scalar value) =>
            Op.foreach_addcmul_.Do(Value.List(self), Value.List(a), Value.List(b), value);

        /// <summary>Adds value * a / b in place.</summary>
        public static void addcdiv_(IReadOnlyList<Tensor> self, IReadOnlyList<Tensor> a, IReadOnlyList<Tensor> b, Scalar value) =>
            Op.foreach_addcdiv_.Do(Value.List(self), Value.List(a), Value.List(b), value);

        /// <summary>Square roots.</summary>
        public static Tensor[] sqrt(IReadOnlyList<Tensor> self) => Op.foreach_sqrt.Many(Value.List(self));

        /// <summary>Norms, one number each.</summary>
        public static Tensor[] norm(IReadOnlyList<Tensor> self, double p = 2) => Op.foreach_norm.Many(Value.List(self), p);
    }
}
