using System.Net;

namespace AlpacaCot.Silo.Http;

/// <summary>
/// Answers only under the names of the silo. A page of another site can have its own name resolve to this machine, and would then be of the same origin as the silo's pages (DNS rebinding);
/// the name in its requests is still its own.
/// </summary>
internal static class HostGate
{
    private static readonly string[] _loopback = ["localhost", "127.0.0.1", "::1"];

    /// <summary>Puts the gate before all pages.</summary>
    public static void UseHostGate(this IApplicationBuilder app, SiloArguments arguments)
    {
        var names = NamesOf(arguments);
        app.Use((context, next) => names.Contains(NameOf(context.Request.Host)) || IsOwnAddress(context, arguments) ? next(context) : RefuseAsync(context.Response));
    }

    /// <summary>The names of the address that the pages are served on, and those that the user has added.</summary>
    private static HashSet<string> NamesOf(SiloArguments arguments)
        => new([.. _loopback, arguments.Bind.ToString(), .. IsAny(arguments.Bind) ? [Environment.MachineName] : (string[])[], .. arguments.Hosts], StringComparer.OrdinalIgnoreCase);

    private static bool IsAny(IPAddress address) => address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any);

    /// <summary>Where all addresses of the machine are served, an address is named by itself, and no other site's name is one.</summary>
    private static bool IsOwnAddress(HttpContext context, SiloArguments arguments)
        => IsAny(arguments.Bind) && IPAddress.TryParse(NameOf(context.Request.Host), out var named) && context.Connection.LocalIpAddress is { } own
            && named.MapToIPv6().Equals(own.MapToIPv6());

    private static string NameOf(HostString host) => host.Host.TrimStart('[').TrimEnd(']').TrimEnd('.');

    private static Task RefuseAsync(HttpResponse response)
    {
        response.StatusCode = StatusCodes.Status400BadRequest;
        return response.WriteAsJsonAsync(new { error = "this is no name of the silo; to serve its pages under another one, start it with --allow-host NAME" });
    }
}
