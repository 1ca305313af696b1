using AlpacaCot.Kernels;
using AlpacaCot.Models;

namespace AlpacaCot.Inference;

/// <summary>Logits that are no numbers: neither a token nor a score can be had from them, so that the request ends with an error that says why.</summary>
internal static class NonFiniteLogits
{
    /// <summary>The cause as far as it can be seen. Weights are checked when they are loaded; here is looked again, because they may have been changed since.</summary>
    public static string Explain(Decoder decoder)
        => decoder.Parameters.FirstOrDefault(p => FiniteValues.CountOthers(p.Value) > 0).Key is { } name
            ? $"the logits are not finite: {name} holds NaN or infinity"
            : $"the logits are not finite, though every weight of the base is: a hidden state overflows in {decoder.Dtype}, or the adapter's values are too large";
}
