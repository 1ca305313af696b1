namespace AlpacaCot.Evaluation;

/// <summary>A suite that cannot be run as asked: an unknown name or option, a missing file or column, an answer that is no choice.</summary>
public class EvaluationException(string message, Exception? inner = null) : Exception(message.ReplaceLineEndings(" "), inner);

/// <summary>A model gave a number that is not finite where an item is scored: nothing that is computed from it would mean anything.</summary>
public sealed class NonFiniteScoreException(string message) : EvaluationException(message);
