namespace AlpacaCot.Inference;

/// <summary>A request that cannot be served: a prompt that does not fit, an impossible decoding setting, an unknown member.</summary>
public sealed class InferenceException(string message) : Exception(message);
