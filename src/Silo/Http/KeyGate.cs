using System.Globalization;
using Microsoft.AspNetCore.Http.Extensions;

namespace AlpacaCot.Silo.Http;

/// <summary>
/// Lets only those in who know the key. Programs send it as a bearer token with every request. A browser is given a URL with <c>?key=</c> once, gets a cookie for it
/// and is sent on to the same URL without the key, which so stays out of its history.
/// </summary>
internal static class KeyGate
{
    /// <summary>The page that needs no key: whether the silo is up.</summary>
    public const string Health = "/health";

    private const string Parameter = "key";

    /// <summary>
    /// What pages may load: their own server's files, and what stands in the page itself (reports are one file with pictures and scripts, the dashboard has styles in it). Nothing may be sent elsewhere,
    /// and no other page may show these.
    /// </summary>
    private const string ContentPolicy = "default-src 'self' 'unsafe-inline' data:; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'";

    /// <summary>Puts the gate before all pages.</summary>
    public static void UseKeyGate(this IApplicationBuilder app, ApiKey key)
        => app.Use((context, next) =>
        {
            context.Response.Headers.XContentTypeOptions = "nosniff";
            context.Response.Headers.XFrameOptions = "DENY";
            context.Response.Headers["Referrer-Policy"] = "no-referrer";
            context.Response.Headers.ContentSecurityPolicy = ContentPolicy;
            context.Response.Headers["Cross-Origin-Opener-Policy"] = "same-origin";
            context.Response.Headers["Cross-Origin-Resource-Policy"] = "same-origin";
            if (context.Request.Path == Health) return next(context);
            if (HttpMethods.IsGet(context.Request.Method) && key.Opens(context.Request.Query[Parameter])) return SendOnAsync(context, key);
            return IsOpen(context, key) ? next(context) : RefuseAsync(context.Response);
        });

    private static bool IsOpen(HttpContext context, ApiKey key)
    {
        const string scheme = "Bearer ";
        var header = context.Request.Headers.Authorization.ToString();
        return header.StartsWith(scheme, StringComparison.OrdinalIgnoreCase) ? key.Opens(header[scheme.Length..].Trim()) : key.OpensAsCookie(context.Request.Cookies[CookieName(context)]);
    }

    private static Task SendOnAsync(HttpContext context, ApiKey key)
    {
        var (request, response) = (context.Request, context.Response);
        response.Cookies.Append(CookieName(context), key.CookieValue, new CookieOptions { HttpOnly = true, SameSite = SameSiteMode.Strict, Path = "/", Secure = request.IsHttps });
        var rest = QueryString.Create(request.Query.Where(pair => pair.Key != Parameter));
        response.Headers.CacheControl = "no-store";
        // The whole address: a path that begins with two slashes alone would lead to another host.
        response.Redirect(UriHelper.BuildAbsolute(request.Scheme, request.Host, request.PathBase, request.Path, rest));
        return Task.CompletedTask;
    }

    private static Task RefuseAsync(HttpResponse response)
    {
        response.StatusCode = StatusCodes.Status401Unauthorized;
        response.Headers.WWWAuthenticate = "Bearer";
        return response.WriteAsJsonAsync(new { error = "this needs the silo's key: the address that the silo printed at its start, or the header 'Authorization: Bearer KEY'" });
    }

    // Cookies do not tell ports apart: two silos of one machine would take each other's away.
    private static string CookieName(HttpContext context) => string.Create(CultureInfo.InvariantCulture, $"alpacacot-{context.Connection.LocalPort}");
}
