using System.Net;
using System.Net.Http.Headers;
using AlpacaCot.Silo.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;

namespace AlpacaCot.Tests.Silo.Http;

/// <summary>The gate before a silo's pages, through a real server on a free loopback port.</summary>
public sealed class KeyGateTests : IAsyncLifetime
{
    private const string Key = "0123456789abcdef";
    private WebApplication _app = null!;
    private HttpClient _http = null!;

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _app = builder.Build();
        _app.UseKeyGate(ApiKey.Resolve(Key, "/none"));
        _app.MapGet(KeyGate.Health, () => "ok");
        _app.MapGet("/page", () => "page");
        _app.MapPost("/page", () => "posted");
        await _app.StartAsync();
        _http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { BaseAddress = new Uri(_app.Urls.Single()) };
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _app.DisposeAsync();
    }

    private async Task<HttpResponseMessage> SendAsync(string path, string? bearer = null, string? cookie = null, HttpMethod? method = null)
    {
        using var request = new HttpRequestMessage(method ?? HttpMethod.Get, path);
        if (bearer is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", bearer);
        if (cookie is not null) request.Headers.Add("Cookie", cookie);
        return await _http.SendAsync(request);
    }

    [Theory]
    [InlineData("/page")]
    [InlineData("/page?key=0123456789abcdeX")]
    [InlineData("/page?key=")]
    [InlineData("/nothing")]
    [InlineData("/health/../page")]
    [InlineData("/health/")]
    public async Task WithoutTheKey_EveryPageIsRefused(string path)
    {
        using var answer = await SendAsync(path);
        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        Assert.Equal("Bearer", answer.Headers.WwwAuthenticate.Single().Scheme);
    }

    [Fact]
    public async Task Health_NeedsNoKey() => Assert.Equal("ok", await _http.GetStringAsync(KeyGate.Health));

    [Fact]
    public async Task Bearer_OpensWithTheKeyAlone()
    {
        Assert.Equal("page", await (await SendAsync("/page", bearer: Key)).Content.ReadAsStringAsync());
        Assert.Equal(HttpStatusCode.Unauthorized, (await SendAsync("/page", bearer: "0123456789abcdeX")).StatusCode);
        Assert.Equal("posted", await (await SendAsync("/page", bearer: Key, method: HttpMethod.Post)).Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task KeyInTheAddress_GivesACookie_AndTheAddressWithoutIt()
    {
        using var first = await SendAsync($"/page?a=1&key={Key}&b=2");
        Assert.Equal(HttpStatusCode.Found, first.StatusCode);
        Assert.Equal(new Uri(_http.BaseAddress!, "/page?a=1&b=2"), first.Headers.Location);
        Assert.True(first.Headers.CacheControl!.NoStore);
        var cookie = Assert.Single(first.Headers.GetValues("Set-Cookie"));
        Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("samesite=strict", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(Key, cookie, StringComparison.Ordinal);

        var pair = cookie.Split(';')[0];
        Assert.Equal("page", await (await SendAsync("/page", cookie: pair)).Content.ReadAsStringAsync());
        Assert.Equal(HttpStatusCode.Unauthorized, (await SendAsync("/page", cookie: pair + "x")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await SendAsync("/page", cookie: $"{pair.Split('=')[0]}={Key}")).StatusCode);
    }

    [Fact]
    public async Task KeyInTheAddress_OfAPathWithTwoSlashes_LeadsToNoOtherHost()
        => Assert.Equal(_http.BaseAddress!.Authority, (await SendAsync(_http.BaseAddress + $"/other.example/?key={Key}")).Headers.Location!.Authority);

    [Fact]
    public async Task KeyInTheAddress_OfAPost_DoesNotCount()
        => Assert.Equal(HttpStatusCode.Unauthorized, (await SendAsync($"/page?key={Key}", method: HttpMethod.Post)).StatusCode);
}
