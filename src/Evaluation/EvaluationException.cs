namespace AlpacaCot.Evaluation;

/// <summary>A suite that cannot be run as asked: an unknown name or option, a missing file or column, an answer that is no choice.</summary>
public sealed class EvaluationException(string message, Exception? inner = null) : Exception(message, inner);
