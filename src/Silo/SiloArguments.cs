using System.Globalization;
using System.Net;
using AlpacaCot.Grains.Contracts;

namespace AlpacaCot.Silo;

/// <summary>How a silo is started.</summary>
internal sealed record SiloArguments
{
    /// <summary>The cluster's database; null on one machine.</summary>
    public string? Cluster { get; init; }

    /// <summary>Name of this node; stable over restarts. In a cluster it tells the nodes apart, and is the machine's where none is given.</summary>
    public string Node
    {
        get => field ?? (Cluster is null ? "local" : Environment.MachineName);
        init;
    }

    /// <summary>The device slots of this node.</summary>
    public IReadOnlyList<string> Slots { get; init; } = ["cpu0"];

    /// <summary>Port of the HTTP pages, or none.</summary>
    public int? Port { get; init; }

    /// <summary>The address on which the HTTP pages are served.</summary>
    public IPAddress Bind { get; init; } = IPAddress.Loopback;

    /// <summary>Names under which the HTTP pages are served besides those of the address that they are served on.</summary>
    public IReadOnlyList<string> Hosts { get; init; } = [];

    /// <summary>How long a worker may say nothing of its work; null leaves it to what its work is and has taken so far.</summary>
    public TimeSpan? WorkerSilence { get; init; }

    /// <summary>The key of the HTTP pages; null for the home's own.</summary>
    public string? ApiKey { get; init; }

    /// <summary>In a cluster, where the others reach this silo; what is null is found.</summary>
    public (IPAddress? Address, int? SiloPort, int? GatewayPort) Endpoint { get; init; }

    /// <summary>Whether a command has started the silo for itself: it ends when nobody needs it any more, and drives only what it is given.</summary>
    public bool ForCommands { get; init; }

    /// <summary>How many GPUs the slots take; each must be there.</summary>
    public int Gpus => Slots.Count(slot => slot.StartsWith("gpu", StringComparison.Ordinal));

    /// <summary>Further arguments of every worker.</summary>
    public IReadOnlyList<string> WorkerArguments { get; init; } = [];

    /// <summary>Environment of every worker.</summary>
    public IReadOnlyDictionary<string, string> WorkerEnvironment { get; init; } = new Dictionary<string, string>();

    /// <summary>A worker that computes nothing repays no compiler: its methods are compiled quickly, and again only where they are called a thousand times.</summary>
    private static readonly Dictionary<string, string> _stubEnvironment = new() { ["DOTNET_TC_QuickJit"] = "1", ["DOTNET_TC_CallCountThreshold"] = "400" };

    /// <summary>Reads <c>--node NAME --slots N --gpus N --port N --bind ADDRESS --allow-host NAME --api-key KEY --worker-silence SECONDS --address ADDRESS --silo-port N --gateway-port N --for-commands yes --stub-workers SECONDS</c>. Processor and GPU slots stand side by side where both are given.</summary>
    /// <exception cref="FormatException">An argument is unknown or no number.</exception>
    public static SiloArguments Parse(string[] args)
    {
        var result = new SiloArguments();
        string[]? processors = null, gpus = null;
        for (var i = 0; i < args.Length; i += 2)
        {
            if (i + 1 >= args.Length) throw new FormatException($"{args[i]} needs a value");
            var value = args[i + 1];
            int Number() => int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var n) && n > 0 ? n : throw new FormatException($"{args[i]} {value} is no positive number");
            IEnumerable<int> Numbered() => Number() is var count and <= PlatformCluster.MostSlots ? Enumerable.Range(0, count) : throw new FormatException($"{args[i]} {value} is over {PlatformCluster.MostSlots}");
            int Port() => Number() is var port and <= ushort.MaxValue ? port : throw new FormatException($"{args[i]} {value} is over {ushort.MaxValue}");
            IPAddress Address() => IPAddress.TryParse(value, out var address) ? address : throw new FormatException($"{args[i]} {value} is no IP address");
            string Seconds() => double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var s) && s is >= 0 and < 1e6 ? value : throw new FormatException($"{args[i]} {value} is no number of seconds");
            result = args[i] switch
            {
                "--node" => result with { Node = value.Length == 0 || value.Contains('/', StringComparison.Ordinal) ? throw new FormatException($"a node's name is not empty and has no '/': '{value}'") : value },
                "--slots" => result with { Slots = [.. processors = [.. Numbered().Select(n => $"cpu{n}")], .. gpus ?? []] },
                "--gpus" => result with { Slots = [.. processors ?? [], .. gpus = [.. Numbered().Select(n => $"gpu{n}")]] },
                "--for-commands" => result with { ForCommands = true },
                "--port" => result with { Port = Port() },
                "--bind" => result with { Bind = Address() },
                "--allow-host" => result with { Hosts = [.. result.Hosts, Uri.CheckHostName(value) != UriHostNameType.Unknown ? value : throw new FormatException($"{args[i]} {value} is no host's name")] },
                "--api-key" => result with { ApiKey = value },
                "--worker-silence" => result with { WorkerSilence = TimeSpan.FromSeconds(Number()) },
                "--address" => result with { Endpoint = result.Endpoint with { Address = Address() } },
                "--silo-port" => result with { Endpoint = result.Endpoint with { SiloPort = Port() } },
                "--gateway-port" => result with { Endpoint = result.Endpoint with { GatewayPort = Port() } },
                "--stub-workers" => result with { WorkerArguments = ["--stub", Seconds()], WorkerEnvironment = _stubEnvironment },
                _ => throw new FormatException($"unknown argument {args[i]}; known are --node, --slots, --gpus, --port, --bind, --allow-host, --api-key, --worker-silence, --address, --silo-port, --gateway-port, --for-commands, --stub-workers"),
            };
        }
        return result;
    }
}
