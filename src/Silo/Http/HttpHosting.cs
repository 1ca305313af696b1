using System.Net;
using Orleans.Configuration;
using Orleans.Dashboard;

namespace AlpacaCot.Silo.Http;

/// <summary>What a silo serves over HTTP where it is given a port: its status pages and the dashboard of Orleans, behind one key.</summary>
internal static class HttpHosting
{
    /// <summary>Adds the server. Without a port there is none, and no dashboard.</summary>
    public static void AddHttp(this WebApplicationBuilder builder, SiloArguments arguments, WorkerTool worker)
    {
        builder.Services.AddSingleton(worker);
        if (arguments.Port is not { } port)
        {
            builder.WebHost.UseServer(new NoServer());
            // Orleans finds the dashboard's grains by itself. In a cluster they would be placed here too, where nothing that they need is.
            builder.Services.PostConfigure<GrainTypeOptions>(types => types.Classes.RemoveWhere(type => type.Assembly == typeof(DashboardOptions).Assembly));
            return;
        }
        builder.WebHost.ConfigureKestrel(server => server.AddServerHeader = false).UseUrls(new UriBuilder(Uri.UriSchemeHttp, arguments.Bind.ToString(), port).Uri.ToString());
        // Without the trace, which would show everybody with the key the whole log.
        builder.UseOrleans(silo => silo.AddDashboard(dashboard => dashboard.HideTrace = true));
    }

    /// <summary>Maps the pages.</summary>
    public static void MapHttp(this WebApplication app, SiloArguments arguments, ApiKey key)
    {
        app.UseStatusCodePages(context => SayAsync(context.HttpContext));
        app.UseHostGate(arguments);
        app.UseKeyGate(key);
        app.UseKnownNames();
        HttpRoutes.Map(app);
        app.MapOrleansDashboard("/dashboard");
    }

    /// <summary>Says in one line what is wrong where whoever refused has not: there is no such page, or it is not for that method.</summary>
    private static Task SayAsync(HttpContext context)
    {
        var (request, response) = (context.Request, context.Response);
        return response.WriteAsJsonAsync(new
        {
            error = response.StatusCode switch
            {
                StatusCodes.Status404NotFound => $"there is nothing at {request.Path}; GET / lists what there is",
                StatusCodes.Status405MethodNotAllowed => $"{request.Path} does not take {request.Method}; GET / lists what it takes",
                _ => $"{request.Method} {request.Path} cannot be read as a request; GET / lists what there is",
            },
        });
    }

    /// <summary>Where a browser finds the pages: with the key, unless the user has given it and knows it.</summary>
    public static string Address(SiloArguments arguments, ApiKey key)
    {
        var host = arguments.Bind.Equals(IPAddress.Any) || arguments.Bind.Equals(IPAddress.IPv6Any) ? Environment.MachineName : arguments.Bind.ToString();
        return new UriBuilder(Uri.UriSchemeHttp, host, arguments.Port!.Value, "/") { Query = key.IsGiven ? "" : $"key={key.Value}" }.Uri.ToString();
    }
}
