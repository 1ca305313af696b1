namespace AlpacaCot.Client.Library;

/// <summary>What was asked for cannot be done; one line for people.</summary>
public sealed class ClientException : Exception
{
    internal ClientException(string message, int exitCode = ExitCodes.Wrong)
        : base(message) => ExitCode = exitCode;

    /// <summary>What the command line ends with: 1 where the work failed, 2 where the request was wrong.</summary>
    public int ExitCode { get; }
}

/// <summary>Exit codes of every command.</summary>
internal static class ExitCodes
{
    public const int Done = 0;
    public const int Failed = 1;
    public const int Wrong = 2;
    public const int Cancelled = 130;
}
