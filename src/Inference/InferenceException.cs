namespace AlpacaCot.Inference;

/// <summary>A request that cannot be served: a prompt that does not fit, an impossible decoding setting, an unknown member.</summary>
public class InferenceException(string message) : Exception(message);

/// <summary>The model's logits are not finite: no token can be chosen by them, and no text scored.</summary>
/// <param name="request">Which of the requests of a call, from 0.</param>
/// <param name="message">The cause as far as it can be seen.</param>
public sealed class NonFiniteLogitsException(int request, string message) : InferenceException(message)
{
    /// <summary>Which of the requests of a call met them, from 0.</summary>
    public int Request { get; } = request;
}
