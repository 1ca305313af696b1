using AlpacaCot.Grains;
using AlpacaCot.Grains.Contracts;
using AlpacaCot.Grains.Sweeps;
using Orleans.Storage;

namespace AlpacaCot.Silo.Http;

/// <summary>
/// Lets requests about experiments and sweeps pass only where the store knows them, whatever the page: a grain that is asked under a name is activated for it, so that whoever can ask could fill the
/// silo with names.
/// </summary>
internal static class KnownNames
{
    /// <summary>Puts it before the pages whose addresses have an <c>{experiment}</c> and a <c>{sweep}</c>.</summary>
    public static void UseKnownNames(this WebApplication app)
    {
        var sweeps = new StoredSweeps(app.Services.GetRequiredKeyedService<IGrainStorage>(GrainStorage.Name));
        app.Use(async (context, next) =>
        {
            if (context.GetRouteValue("experiment") is not string experiment)
            {
                await next(context);
                return;
            }
            var sweep = context.GetRouteValue("sweep") as string;
            // What is submitted may be the first of its experiment; the grain checks the name.
            if (sweep is null && HttpMethods.IsPost(context.Request.Method))
            {
                await next(context);
                return;
            }
            var known = SweepNames.ProblemOf(experiment) is null ? await sweeps.ListAsync(experiment) : [];
            if (sweep is null ? known.Length > 0 : known.Any(line => line.Name == sweep))
            {
                await next(context);
                return;
            }
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            await context.Response.WriteAsJsonAsync(new { error = sweep is null ? $"there is no experiment {experiment}" : $"there is no sweep {experiment}/{sweep}" });
        });
    }
}
