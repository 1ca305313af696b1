namespace AlpacaCot.Models;

/// <summary>The function between an MLP's projections.</summary>
public enum Activation
{
    /// <summary>x · sigmoid(x), also called swish.</summary>
    Silu,

    /// <summary>GELU by tanh: <c>gelu_new</c>, <c>gelu_pytorch_tanh</c>, <c>gelu_fast</c>.</summary>
    GeluTanh,

    /// <summary>GELU by the error function: <c>gelu</c>.</summary>
    GeluErf,

    /// <summary>max(x, 0).</summary>
    Relu,
}
