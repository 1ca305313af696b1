using AlpacaCot.Grains.Contracts;
using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Silo.Http;

/// <summary>The HTTP pages of a silo: health, the sweeps of an experiment, a sweep's status and its report.</summary>
internal static class StatusPages
{
    /// <summary>Maps the pages.</summary>
    public static void Map(WebApplication app)
    {
        app.MapGet(KeyGate.Health, () => Results.Text("ok"));
        app.MapGet("/api/slots", (IGrainFactory grains) => grains.GetGrain<IDeviceRegistryGrain>("default").ListAsync());
        app.MapGet("/api/experiments/{experiment}/sweeps", (IGrainFactory grains, string experiment) => grains.GetGrain<IExperimentGrain>(experiment).ListAsync());
        app.MapGet("/api/experiments/{experiment}/sweeps/{sweep}", async (IGrainFactory grains, string experiment, string sweep) =>
            await grains.GetGrain<ISweepGrain>($"{experiment}/{sweep}").GetStatusAsync() is { State: not "unknown" } status
                ? Results.Json(status, Frames.Json) : Results.NotFound(new { error = $"there is no sweep {experiment}/{sweep}" }));
        app.MapGet("/experiments/{experiment}/{sweep}/report", async (IGrainFactory grains, string experiment, string sweep) =>
            await grains.GetGrain<ISweepGrain>($"{experiment}/{sweep}").GetStatusAsync() is { Report: { } report } && File.Exists(report)
                ? Results.File(report, "text/html") : Results.NotFound(new { error = $"the sweep {experiment}/{sweep} has no report yet" }));
    }
}
