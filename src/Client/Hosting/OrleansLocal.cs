using AlpacaCot.Worker.Protocol;
using Microsoft.Extensions.Hosting;
using Orleans.Hosting;

namespace AlpacaCot.Client.Hosting;

/// <summary>How a client reaches the silo under <c>OrleansRuntime=Local</c>: the gateway's socket under the home.</summary>
internal static class ClientHosting
{
    /// <summary>Adds the client.</summary>
    public static void AddSiloClient(this IHostApplicationBuilder builder, HomeLayout home)
        => builder.UseOrleansClient(client => client.UseLocalGateway(home.SiloSocket));
}
