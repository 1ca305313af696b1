using System.Net;
using System.Net.Sockets;
using AlpacaCot.Adapters;
using AlpacaCot.Data;
using AlpacaCot.Evaluation;
using AlpacaCot.Inference;
using AlpacaCot.Kernels;
using AlpacaCot.Models;
using AlpacaCot.Specs;
using AlpacaCot.Training;
using AlpacaCot.Worker.Tools;

namespace AlpacaCot.Worker;

/// <summary>What an exception means to a supervisor. The rooms wrap what the system told them; the cause decides, not the wrapping: a disk that is full is no fault of the data.</summary>
internal static class Failures
{
    // Numbers of the system's errors, which .NET gives as an IOException's HResult.
    private const int OutOfMemoryError = 12;

    // More is no line that anyone reads.
    private const int MostCharacters = 2000;

    /// <summary>Errors that pass: of the device 5, try again 11, too many open files 23 and 24, disk full 28, broken pipe 32, connection lost 104 and 110, stale network file 116, quota used up 122 (69 on macOS).</summary>
    private static readonly HashSet<int> _passing = [5, 11, 23, 24, 28, 32, 69, 104, 110, 116, 122];

    /// <summary>The kind of a failure.</summary>
    public static FailureKind KindOf(Exception e)
    {
        var causes = Causes(e).ToList();
        if (causes.Exists(cause => cause is NonFiniteException or NonFiniteScoreException or NonFiniteLogitsException)) return FailureKind.NonFinite;
        if (causes.Exists(IsOutOfMemory)) return FailureKind.OutOfMemory;
        if (causes.Exists(IsPassing)) return FailureKind.Transient;
        return e switch
        {
            OperationCanceledException => FailureKind.Cancelled,
            AggregateException { InnerExceptions: [var inner] } => KindOf(inner),
            // A file that may not grow further can be written neither now nor later, and is no fault of the data either.
            _ when causes.Exists(IsSizeLimit) => FailureKind.Unknown,
            ToolException or DatasetException or ModelException or AdapterException or EvaluationException or InferenceException or TrainingException
                or Tokenizers.TokenizerException or FileNotFoundException or DirectoryNotFoundException => FailureKind.Data,
            _ => FailureKind.Unknown,
        };
    }

    /// <summary>One line for people.</summary>
    public static string Describe(Exception e) => e switch
    {
        AggregateException { InnerExceptions: [var inner] } => Describe(inner),
        OperationCanceledException => "cancelled",
        _ => Cut(TorchErrors.Message(e).ReplaceLineEndings(" ").Trim()),
    };

    /// <summary>A message may quote what it is about, which may be a row of megabytes.</summary>
    private static string Cut(string message) => message.Length <= MostCharacters ? message : $"{message[..MostCharacters]}…";

    private static IEnumerable<Exception> Causes(Exception e)
        => (e is AggregateException many ? many.InnerExceptions : e.InnerException is { } inner ? (IEnumerable<Exception>)[inner] : []).SelectMany(Causes).Prepend(e);

    private static bool IsOutOfMemory(Exception e) => TorchErrors.IsOutOfMemory(e) || e is IOException { HResult: OutOfMemoryError };

    /// <summary>The runtime gives the error of a file that exceeds the system's limit in its own way.</summary>
    private static bool IsSizeLimit(Exception e) => e is ArgumentOutOfRangeException && e.StackTrace?.Contains("System.IO.RandomAccess.", StringComparison.Ordinal) == true;

    private static bool IsPassing(Exception e) => e switch
    {
        IOException { HResult: var error } when _passing.Contains(error) => true,
        // An expression that takes too long will do so again.
        System.Text.RegularExpressions.RegexMatchTimeoutException => false,
        SocketException or TimeoutException => true,
        HttpRequestException { StatusCode: null or HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError } => true,
        _ => false,
    };
}
