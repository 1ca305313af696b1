using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace AlpacaCot.Silo.Hosting;

/// <summary>Where the members and the clients of a cluster reach a silo.</summary>
/// <param name="Node">The node's name.</param>
/// <param name="Address">The address that it tells the others.</param>
/// <param name="SiloPort">The port for the other silos.</param>
/// <param name="GatewayPort">The port for clients.</param>
internal sealed record ClusterEndpoint(string Node, IPAddress Address, int SiloPort, int GatewayPort)
{
    /// <summary>The end point of a node; what is not given is found.</summary>
    /// <param name="node">The node's name.</param>
    /// <param name="connectionString">The cluster's database. The address from which it is reached is one that the others can reach too; a database on this machine means that they are here.</param>
    /// <param name="given">What the user gave.</param>
    /// <param name="runFolder">The home's folder of sockets and locks, where a node's free ports are remembered.</param>
    /// <exception cref="SocketException">The database's host has no address.</exception>
    public static ClusterEndpoint Of(string node, string connectionString, (IPAddress? Address, int? SiloPort, int? GatewayPort) given, string runFolder)
    {
        var (silo, gateway) = FreePorts(Path.Combine(runFolder, $"{node}.ports"));
        return new ClusterEndpoint(node, given.Address ?? Towards(connectionString), given.SiloPort ?? silo, given.GatewayPort ?? gateway);
    }

    private static IPAddress Towards(string connectionString)
    {
        var database = new NpgsqlConnectionStringBuilder(connectionString);
        var host = database.Host?.Split(',')[0].Split(':')[0];
        if (string.IsNullOrEmpty(host) || host.StartsWith('/') || host == "localhost") return IPAddress.Loopback;
        // Nothing is sent: connecting a datagram socket only looks the route up.
        using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        probe.Connect(host, database.Port);
        return ((IPEndPoint)probe.LocalEndPoint!).Address;
    }

    /// <summary>
    /// Two free ports, those that the node had before where they are free again: a silo that comes back to its place is known to be the successor of the one there,
    /// which others would wait for otherwise.
    /// </summary>
    private static (int Silo, int Gateway) FreePorts(string file)
    {
        var before = File.Exists(file)
            ? [.. File.ReadAllText(file).Split(' ').Select(text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) ? port : 0)]
            : Array.Empty<int>();
        // Both are held at once, so that they differ. Another program can take one before the silo does; the silo then says so, and finds another on its next start.
        using var silo = Bind(before.ElementAtOrDefault(0));
        using var gateway = Bind(before.ElementAtOrDefault(1));
        var ports = (((IPEndPoint)silo.LocalEndPoint!).Port, ((IPEndPoint)gateway.LocalEndPoint!).Port);
        File.WriteAllText(file, string.Create(CultureInfo.InvariantCulture, $"{ports.Item1} {ports.Item2}"));
        return ports;
    }

    private static Socket Bind(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Any, port is > 0 and <= IPEndPoint.MaxPort ? port : 0));
        }
        catch (SocketException) when (port != 0)
        {
            socket.Dispose();
            return Bind(0);
        }
        return socket;
    }
}
