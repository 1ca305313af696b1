using System.Globalization;
using AlpacaCot.LocalSilo.Gateway;

namespace Orleans.Hosting;

/// <summary>The gateway of a local silo: a Unix domain socket for client processes.</summary>
public static class LocalGatewayExtensions
{
    /// <summary>Opens the gateway on a socket file. A file that a dead silo left is replaced; a living silo's is an error.</summary>
    public static ISiloBuilder UseLocalGateway(this ISiloBuilder builder, string path)
    {
        builder.Services.Configure<GatewayPathOptions>(options => options.Path = System.IO.Path.GetFullPath(path));
        return builder;
    }

    /// <summary>Connects to the gateway on a socket file.</summary>
    public static IClientBuilder UseLocalGateway(this IClientBuilder builder, string path)
    {
        builder.Services.Configure<GatewayPathOptions>(options => options.Path = System.IO.Path.GetFullPath(path));
        return builder;
    }

    internal static string DefaultPath(int gatewayPort)
        => System.IO.Path.Combine(System.IO.Path.GetTempPath(), string.Create(CultureInfo.InvariantCulture, $"orleans-{Environment.UserName}-{gatewayPort}.sock"));
}
