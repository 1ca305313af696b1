using System.Text.Json;
using AlpacaCot.Client.Running;
using AlpacaCot.Files;
using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Client;

/// <summary>What commands work with.</summary>
/// <param name="Home">The platform's home.</param>
/// <param name="ProgramFolder">Folder of this program, beside which the silo and the worker lie.</param>
/// <param name="Time">The clock.</param>
internal sealed record ClientContext(HomeLayout Home, string ProgramFolder, TimeProvider Time)
{
    /// <summary>The database of the cluster whose silos do the work; null where the silo of the home does.</summary>
    public string? Cluster { get; init; }

    /// <summary>The address of the hub that data sets are fetched from; null is the hub's own.</summary>
    public string? HubEndpoint { get; init; }

    /// <summary>The end of the command before its end.</summary>
    public Interruption Interruption { get; init; } = new();

    /// <summary>Whether nothing is said on the console: what works belongs to another program.</summary>
    public bool Quiet { get; init; }
}

/// <summary>Exit codes of every command.</summary>
internal static class ExitCodes
{
    public const int Done = 0;
    public const int Failed = 1;
    public const int Wrong = 2;
    public const int Cancelled = 130;
}

/// <summary>What was asked for cannot be done; one line for people.</summary>
public sealed class ClientException : Exception
{
    internal ClientException(string message, int exitCode = ExitCodes.Wrong)
        : base(message) => ExitCode = exitCode;

    /// <summary>What the command line ends with: 1 where the work failed, 2 where the request was wrong.</summary>
    public int ExitCode { get; }
}

/// <summary>How JSON is printed.</summary>
internal static class ClientJson
{
    public static JsonSerializerOptions Options { get; } = new(Frames.Json) { WriteIndented = false, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void Print<T>(T document) => System.Console.Out.WriteLine(JsonSerializer.Serialize(document, Options));
}
