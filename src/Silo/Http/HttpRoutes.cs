using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using AlpacaCot.Files;
using AlpacaCot.Grains.Contracts;
using AlpacaCot.Specs;
using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Silo.Http;

/// <summary>A route of a silo.</summary>
/// <param name="Method">The HTTP method.</param>
/// <param name="Path">The path.</param>
/// <param name="What">What it answers or does.</param>
/// <param name="Handler">What is run; null where something else is mapped there.</param>
/// <param name="LoopbackOnly">Whether it is for programs of the silo's own machine: it reads the files that a request names.</param>
internal sealed record HttpRoute(string Method, string Path, string What, Delegate? Handler, bool LoopbackOnly = false);

/// <summary>All routes of a silo: they are mapped, and shown by the index page, from this list.</summary>
internal static class HttpRoutes
{
    /// <summary>A sweep file is a few kilobytes.</summary>
    private const int MostBytes = 1 << 20;

    private const string Sweeps = "/api/experiments/{experiment}/sweeps", Sweep = Sweeps + "/{sweep}";

    /// <summary>The routes.</summary>
    public static IReadOnlyList<HttpRoute> All { get; } =
    [
        new("GET", "/", "This page", IndexPage.WriteAsync),
        new("GET", KeyGate.Health, "'ok' while the silo is up; needs no key", () => Results.Text("ok")),
        new("GET", "/api/slots", "Slots with their users", (IGrainFactory grains) => grains.GetGrain<IDeviceRegistryGrain>("default").ListAsync()),
        new("POST", "/api/validate", "Checks the sweep file of the body without running it; ?base_directory= is what its paths count from (the home)", ValidateAsync, LoopbackOnly: true),
        new("GET", Sweeps, "The sweeps of an experiment", (IGrainFactory grains, string experiment) => grains.GetGrain<IExperimentGrain>(experiment).ListAsync()),
        new("POST", Sweeps, "Checks the sweep file of the body and submits it; ?name= (its own), ?base_directory= (the home), ?fresh=true takes nothing over from other sweeps", SubmitAsync, LoopbackOnly: true),
        new("GET", Sweep, "A sweep: its state, and that of every trial", StatusAsync),
        new("GET", Sweep + "/specification", "What it is made of, with every default, and its files", ShowAsync),
        new("GET", Sweep + "/trials/{trial}", "One trial: settings, adapter, log, metrics, result files", ShowTrialAsync),
        new("POST", Sweep + "/cancel", "Cancels what is not done yet", CancelAsync),
        new("GET", "/experiments/{experiment}/{sweep}/report", "Its report, as a page", ReportAsync),
        new("GET", "/dashboard", "The dashboard of Orleans: silos, grains, calls", null),
    ];

    /// <summary>Maps those that have a handler.</summary>
    public static void Map(WebApplication app)
    {
        foreach (var route in All.Where(route => route.Handler is not null))
        {
            var endpoint = app.MapMethods(route.Path, [route.Method], route.Handler!);
            if (route.LoopbackOnly) endpoint.AddEndpointFilter(LoopbackAsync);
        }
    }

    private static ValueTask<object?> LoopbackAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
        => context.HttpContext.Connection.RemoteIpAddress is { } from && IPAddress.IsLoopback(from)
            ? next(context)
            : ValueTask.FromResult<object?>(Problem(StatusCodes.Status403Forbidden, "this is for programs of the silo's own machine: it reads the files that the request names"));

    private static async Task<IResult> ValidateAsync(HttpRequest request, HomeLayout home, WorkerTool worker, IGrainFactory grains, string? base_directory, CancellationToken stop)
    {
        var (check, problem) = await CheckAsync(request, home, worker, grains, base_directory, stop);
        return problem ?? Results.Json(check!.ToJson(), Frames.Json, statusCode: check.IsValid ? StatusCodes.Status200OK : StatusCodes.Status422UnprocessableEntity);
    }

    private static async Task<IResult> SubmitAsync(
        HttpRequest request, HomeLayout home, WorkerTool worker, IGrainFactory grains, string experiment, string? name, string? base_directory, bool? fresh, CancellationToken stop)
    {
        var (check, problem) = await CheckAsync(request, home, worker, grains, base_directory, stop);
        if (problem is not null) return problem;
        if (!check!.IsValid) return Results.Json(check.ToJson(), Frames.Json, statusCode: StatusCodes.Status422UnprocessableEntity);
        var sweep = name ?? check.Document.Spec.Name;
        var reply = await grains.GetGrain<IExperimentGrain>(experiment).SubmitAsync(new SubmitSweep
        {
            Name = sweep, Spec = check.Document.Spec, BaseDirectory = check.BaseDirectory, Facts = check.Facts,
            Directory = home.Sweep(experiment, sweep), Fresh = fresh ?? false,
        });
        if (reply.Problem is { } refused) return Problem(reply.Existing ? StatusCodes.Status409Conflict : StatusCodes.Status422UnprocessableEntity, refused);
        var at = $"/api/experiments/{experiment}/sweeps/{sweep}";
        return Results.Accepted(at, new { name = sweep, trials = reply.Trials, existing = reply.Existing, status = at });
    }

    private static async Task<IResult> StatusAsync(IGrainFactory grains, string experiment, string sweep)
        => await Of(grains, experiment, sweep).GetStatusAsync() is { State: not "unknown" } status ? Results.Json(status, Frames.Json) : Unknown(experiment, sweep);

    private static async Task<IResult> ShowAsync(IGrainFactory grains, string experiment, string sweep)
        => await Of(grains, experiment, sweep).ShowAsync() is { } details ? Results.Json(details, Frames.Json) : Unknown(experiment, sweep);

    private static async Task<IResult> ShowTrialAsync(IGrainFactory grains, string experiment, string sweep, string trial)
        => await Of(grains, experiment, sweep).ShowTrialAsync(trial) is { } details ? Results.Json(InWords(details), Frames.Json)
            : Problem(StatusCodes.Status404NotFound, $"there is no trial '{trial}' in a sweep {experiment}/{sweep}");

    /// <summary>A trial with its settings in the words of a sweep file.</summary>
    private static JsonObject InWords(TrialDetails details)
    {
        var trial = JsonSerializer.SerializeToNode(details, Frames.Json)!.AsObject();
        trial["configuration"] = TrialSpecJson.Trial(details.Configuration);
        return trial;
    }

    private static async Task<IResult> CancelAsync(IGrainFactory grains, string experiment, string sweep)
    {
        if ((await Of(grains, experiment, sweep).GetProgressAsync()).State == "unknown") return Unknown(experiment, sweep);
        await Of(grains, experiment, sweep).CancelAsync();
        return await StatusAsync(grains, experiment, sweep);
    }

    private static async Task<IResult> ReportAsync(IGrainFactory grains, string experiment, string sweep)
        => await Of(grains, experiment, sweep).GetStatusAsync() is { Report: { } report } && File.Exists(report)
            ? Results.File(report, "text/html") : Problem(StatusCodes.Status404NotFound, $"the sweep {experiment}/{sweep} has no report yet");

    private static ISweepGrain Of(IGrainFactory grains, string experiment, string sweep) => grains.GetGrain<ISweepGrain>($"{experiment}/{sweep}");

    private static IResult Unknown(string experiment, string sweep) => Problem(StatusCodes.Status404NotFound, $"there is no sweep {experiment}/{sweep}");

    private static IResult Problem(int status, string message) => Results.Json(new { error = message }, Frames.Json, statusCode: status);

    /// <summary>Reads and checks the sweep file in a request's body; or why that cannot be done.</summary>
    private static async Task<(SweepCheck? Check, IResult? Problem)> CheckAsync(HttpRequest request, HomeLayout home, WorkerTool worker, IGrainFactory grains, string? baseDirectory, CancellationToken stop)
    {
        var folder = baseDirectory ?? home.Root;
        if (!Path.IsPathFullyQualified(folder) || !Directory.Exists(folder)) return (null, Problem(StatusCodes.Status400BadRequest, $"base_directory '{folder}' is no folder of the silo's machine"));
        using var body = new MemoryStream();
        var buffer = new byte[81920];
        for (int read; (read = await request.Body.ReadAsync(buffer, stop)) > 0;)
        {
            if (body.Length + read > MostBytes) return (null, Problem(StatusCodes.Status413PayloadTooLarge, $"a sweep file has at most {MostBytes} bytes"));
            body.Write(buffer, 0, read);
        }
        try
        {
            return (await SweepCheck.OfAsync(worker, grains, body.ToArray(), folder, stop), null);
        }
        catch (WorkerToolException e)
        {
            return (null, Problem(StatusCodes.Status503ServiceUnavailable, $"the sweep cannot be checked: {e.Message}"));
        }
    }
}
