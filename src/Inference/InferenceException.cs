namespace AlpacaCot.Inference;

/// <summary>A request that cannot be served: a prompt that does not fit, an impossible decoding setting, an unknown member.</summary>
public class InferenceException(string message) : Exception(message);

/// <summary>A score that would be no number.</summary>
/// <param name="request">Which of the requests it was, from 0.</param>
/// <param name="message">What is not finite, and why as far as it can be seen.</param>
public sealed class NonFiniteLogitsException(int request, string message) : InferenceException(message)
{
    /// <summary>Which of the requests it was, from 0.</summary>
    public int Request => request;
}
