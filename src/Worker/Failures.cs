using AlpacaCot.Adapters;
using AlpacaCot.Data;
using AlpacaCot.Evaluation;
using AlpacaCot.Inference;
using AlpacaCot.Kernels;
using AlpacaCot.Models;
using AlpacaCot.Training;
using AlpacaCot.Worker.Protocol;
using AlpacaCot.Worker.Tools;

namespace AlpacaCot.Worker;

/// <summary>What an exception means to a supervisor.</summary>
internal static class Failures
{
    /// <summary>The kind of a failure.</summary>
    public static FailureKind KindOf(Exception e) => e switch
    {
        OperationCanceledException => FailureKind.Cancelled,
        NonFiniteException or NonFiniteScoreException or NonFiniteLogitsException => FailureKind.NonFinite,
        _ when TorchErrors.IsOutOfMemory(e) => FailureKind.OutOfMemory,
        ToolException or DatasetException or ModelException or AdapterException or EvaluationException or InferenceException or TrainingException
            or Tokenizers.TokenizerException or FileNotFoundException or DirectoryNotFoundException => FailureKind.Data,
        AggregateException { InnerExceptions: [var inner] } => KindOf(inner),
        _ => FailureKind.Unknown,
    };

    /// <summary>One line for people.</summary>
    public static string Describe(Exception e) => e switch
    {
        AggregateException { InnerExceptions: [var inner] } => Describe(inner),
        OperationCanceledException => "cancelled",
        _ => TorchErrors.Message(e).ReplaceLineEndings(" ").Trim(),
    };
}
