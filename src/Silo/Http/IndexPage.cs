using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using AlpacaCot.Files;
using AlpacaCot.Grains.Contracts;

namespace AlpacaCot.Silo.Http;

/// <summary>The page at <c>/</c>: the sweeps of the home, and every route.</summary>
internal static class IndexPage
{
    private const string Style = "body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.25rem .75rem .25rem 0;vertical-align:top;border-bottom:1px solid #8884}code{font-size:.9em}@media(prefers-color-scheme:dark){body{background:#111;color:#ddd}a{color:#8bf}}";

    /// <summary>Writes the page.</summary>
    public static async Task<IResult> WriteAsync(HttpContext context, IGrainFactory grains, HomeLayout home)
    {
        // Nothing of the page but its own style is ever loaded.
        context.Response.Headers.ContentSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'";
        var page = new StringBuilder($"<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>AlpacaCot.Orleans</title><style>{Style}</style><h1>AlpacaCot.Orleans</h1>");
        page.Append("<h2>Sweeps</h2><table><tr><th>sweep<th>state<th>trials<th>submitted<th>");
        foreach (var experiment in Experiments(home))
            foreach (var sweep in await grains.GetGrain<IExperimentGrain>(experiment).ListAsync())
            {
                var (at, name) = ($"/api/experiments/{Uri.EscapeDataString(experiment)}/sweeps/{Uri.EscapeDataString(sweep.Name)}", Html($"{experiment}/{sweep.Name}"));
                page.Append(CultureInfo.InvariantCulture, $"<tr><td><a href=\"{at}\">{name}</a><td>{Html(sweep.State)}<td>{sweep.Done} of {sweep.Trials} done, {sweep.Failed} failed<td>{sweep.Submitted:yyyy-MM-dd HH:mm}Z<td>");
                if (sweep.Report is not null) page.Append($"<a href=\"/experiments/{Uri.EscapeDataString(experiment)}/{Uri.EscapeDataString(sweep.Name)}/report\">report</a>");
            }
        page.Append("</table><h2>Routes</h2><table>");
        foreach (var route in HttpRoutes.All)
        {
            var path = $"<code>{Html(route.Path)}</code>";
            page.Append($"<tr><td>{route.Method}<td>{(route.Method == "GET" && !route.Path.Contains('{') ? $"<a href=\"{route.Path}\">{path}</a>" : path)}<td>{Html(route.What)}{(route.LoopbackOnly ? " (from this machine only)" : "")}");
        }
        return Results.Content(page.Append("</table>").ToString(), "text/html; charset=utf-8");
    }

    private static IEnumerable<string> Experiments(HomeLayout home)
        => Directory.Exists(home.Experiments) ? Directory.EnumerateDirectories(home.Experiments).Select(folder => Path.GetFileName(folder)).Order(StringComparer.Ordinal) : [];

    private static string Html(string text) => HtmlEncoder.Default.Encode(text);
}
