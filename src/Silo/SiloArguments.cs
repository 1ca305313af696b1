using System.Globalization;

namespace AlpacaCot.Silo;

/// <summary>How a silo is started.</summary>
internal sealed record SiloArguments
{
    /// <summary>Name of this node; stable over restarts.</summary>
    public string Node { get; init; } = "local";

    /// <summary>The device slots of this node.</summary>
    public IReadOnlyList<string> Slots { get; init; } = ["cpu0"];

    /// <summary>Port of the HTTP pages on loopback, or none.</summary>
    public int? Port { get; init; }

    /// <summary>Further arguments of every worker.</summary>
    public IReadOnlyList<string> WorkerArguments { get; init; } = [];

    /// <summary>Reads <c>--node NAME --slots N --gpus N --port N --passive yes --stub-workers SECONDS</c>. A passive silo has no slots: it answers and drives nothing.</summary>
    /// <exception cref="FormatException">An argument is unknown or no number.</exception>
    public static SiloArguments Parse(string[] args)
    {
        var result = new SiloArguments();
        for (var i = 0; i < args.Length; i += 2)
        {
            if (i + 1 >= args.Length) throw new FormatException($"{args[i]} needs a value");
            var value = args[i + 1];
            int Number() => int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var n) && n > 0 ? n : throw new FormatException($"{args[i]} {value} is no positive number");
            string Seconds() => double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var s) && s is >= 0 and < 1e6 ? value : throw new FormatException($"{args[i]} {value} is no number of seconds");
            result = args[i] switch
            {
                "--node" => result with { Node = value.Length == 0 || value.Contains('/', StringComparison.Ordinal) ? throw new FormatException($"a node's name is not empty and has no '/': '{value}'") : value },
                "--slots" => result with { Slots = [.. Enumerable.Range(0, Number()).Select(n => $"cpu{n}")] },
                "--gpus" => result with { Slots = [.. Enumerable.Range(0, Number()).Select(n => $"gpu{n}")] },
                "--passive" => result with { Slots = [] },
                "--port" => result with { Port = Number() is var port and <= ushort.MaxValue ? port : throw new FormatException($"--port {value} is over {ushort.MaxValue}") },
                "--stub-workers" => result with { WorkerArguments = ["--stub", Seconds()] },
                _ => throw new FormatException($"unknown argument {args[i]}; known are --node, --slots, --gpus, --port, --passive, --stub-workers"),
            };
        }
        return result;
    }
}
