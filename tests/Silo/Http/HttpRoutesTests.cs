using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text.Json;
using AlpacaCot.Experiments.Scheduling;
using AlpacaCot.Files;
using AlpacaCot.Grains;
using AlpacaCot.Grains.Contracts;
using AlpacaCot.Grains.Slots;
using AlpacaCot.Silo;
using AlpacaCot.Silo.Hosting;
using AlpacaCot.Silo.Http;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Facts;
using AlpacaCot.Supervision;
using AlpacaCot.Worker.Protocol;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Dashboard;

namespace AlpacaCot.Tests.Silo.Http;

/// <summary>The pages through a real server on a free loopback port, with the real grains behind them.</summary>
public sealed class HttpRoutesTests : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private WebApplication _app = null!;
    private HttpClient _http = null!;

    private HomeLayout Home => new(_folder.Path);

    public async ValueTask InitializeAsync()
    {
        var arguments = new SiloArguments { Slots = [], Port = FreePort(), Hosts = ["lab.example"] };
        _app = Build(arguments);
        var key = ApiKey.Resolve(null, Home.Run);
        _app.MapHttp(arguments, key);
        await _app.StartAsync();
        _http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = new Uri(_app.Urls.Single()) };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key.Value);
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
        _folder.Dispose();
    }

    /// <summary>A silo as the program builds it; its slots are told by hand, so that nothing runs on them.</summary>
    private WebApplication Build(SiloArguments arguments)
    {
        Directory.CreateDirectory(Home.Run);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton(TimeProvider.System).AddPlatformGrains(new SlotOptions { WorkerProgram = Siblings.Find(AppContext.BaseDirectory, "Worker"), SocketFolder = Home.Run, LogFolder = Home.Logs }, Home);
        builder.AddSilo(Home, arguments);
        builder.AddHttp(arguments, new WorkerTool(Home, Siblings.Find(AppContext.BaseDirectory, "Worker")));
        return builder.Build();
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    private async Task<(HttpStatusCode Code, JsonElement Json)> GetAsync(string path)
    {
        using var answer = await _http.GetAsync(path);
        return (answer.StatusCode, JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement);
    }

    private IGrainFactory Grains => _app.Services.GetRequiredService<IGrainFactory>();

    private Task<SubmitReply> SubmitAsync() => Grains.GetGrain<IExperimentGrain>("e").SubmitAsync(new SubmitSweep
    {
        Name = "s", BaseDirectory = "/", Directory = _folder["experiments/e/s"], Facts = new SpecFacts(),
        Spec = SweepDocument.ParseValid("name: s\nseeds: [0, 1]\nmodels: [{ name: m, path: m }]\npeft: [{ name: lora, method: lora }]\ndata: [{ name: d, sources: [goat] }]\nevaluation: [{ suite: goat-arithmetic }]"),
    });

    [Fact]
    public async Task Health_IsOk() => Assert.Equal("ok", await _http.GetStringAsync("/health"));

    [Theory]
    [InlineData("/dashboard/", "text/html")]
    [InlineData("/dashboard/index.min.js", "text/javascript")]
    [InlineData("/dashboard/DashboardCounters?exclude=none", "application/json")]
    [InlineData("/api/slots", "application/json")]
    public async Task Pages_AnswerWithTheKeyAlone(string path, string kind)
    {
        using var answer = await _http.GetAsync(path);
        Assert.Equal((HttpStatusCode.OK, kind), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
        _http.DefaultRequestHeaders.Authorization = null;
        using var refused = await _http.GetAsync(path);
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
    }

    [Fact]
    public async Task Dashboard_ShowsNoTrace()
    {
        using var answer = await _http.GetAsync("/dashboard/Trace");
        Assert.NotEqual(HttpStatusCode.OK, answer.StatusCode);
    }

    [Fact]
    public async Task Slots_AreListedWithTheirUsers()
    {
        var registry = Grains.GetGrain<IDeviceRegistryGrain>("default");
        await registry.RegisterAsync("n", 1, ["n/cpu0", "n/cpu1"]);
        await registry.ReserveAsync("server:x", 1);
        var (_, json) = await GetAsync("/api/slots");
        Assert.Equal(["n/cpu0 server:x", "n/cpu1 "], json.EnumerateArray().Select(s => $"{s.GetProperty("slot")} {s.GetProperty("user")}"));
    }

    [Fact]
    public async Task Sweep_IsShownWithItsTrials()
    {
        await SubmitAsync();
        var (code, json) = await GetAsync("/api/experiments/e/sweeps/s");
        Assert.Equal(HttpStatusCode.OK, code);
        Assert.Equal("running", json.GetProperty("state").GetString());
        // Two tuned trials and the base.
        Assert.Equal(["pending", "pending", "pending"], json.GetProperty("trials").EnumerateArray().Select(t => t.GetProperty("state").GetString()!));
        Assert.Equal("s", (await GetAsync("/api/experiments/e/sweeps")).Json[0].GetProperty("name").GetString());
    }

    [Fact]
    public async Task UnknownSweepAndMissingReport_AreNotFoundInWords()
    {
        await SubmitAsync();
        foreach (var (path, says) in ((string, string)[])[("/api/experiments/e/sweeps/x", "no sweep e/x"), ("/experiments/e/s/report", "no report yet"), ("/experiments/e/x/report", "no sweep e/x"), ("/api/experiments/x/sweeps", "no experiment x")])
        {
            var (code, json) = await GetAsync(path);
            Assert.Equal(HttpStatusCode.NotFound, code);
            Assert.Contains(says, json.GetProperty("error").GetString(), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("GET", "/api/nothing", HttpStatusCode.NotFound, "there is nothing at /api/nothing")]
    [InlineData("PUT", "/api/validate", HttpStatusCode.MethodNotAllowed, "/api/validate does not take PUT")]
    [InlineData("POST", "/api/experiments/e/sweeps?fresh=perhaps", HttpStatusCode.BadRequest, "cannot be read as a request")]
    public async Task WhatIsNoRequest_IsRefusedInOneLine(string method, string path, HttpStatusCode code, string says)
    {
        using var answer = await _http.SendAsync(new HttpRequestMessage(new HttpMethod(method), path));
        Assert.Equal(code, answer.StatusCode);
        Assert.Contains(says, JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement.GetProperty("error").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Report_IsServedAsAPage()
    {
        await SubmitAsync();
        await Grains.GetGrain<ISweepGrain>("e/s").WriteReportAsync();
        using var answer = await _http.GetAsync("/experiments/e/s/report");
        Assert.Equal("text/html", answer.Content.Headers.ContentType?.MediaType);
        Assert.Equal(File.ReadAllText(_folder["experiments/e/s/report.html"]), await answer.Content.ReadAsStringAsync());
    }

    private async Task<(HttpStatusCode Code, JsonElement Json)> PostAsync(string path, string body = "")
    {
        using var answer = await _http.PostAsync(path, new StringContent(body));
        return (answer.StatusCode, JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement);
    }

    [Fact]
    public async Task Index_NamesEveryRouteAndLinksTheSweeps()
    {
        await SubmitAsync();
        Directory.CreateDirectory(_folder["experiments/e"]);
        using var answer = await _http.GetAsync("/");
        Assert.Equal("text/html", answer.Content.Headers.ContentType?.MediaType);
        var page = await answer.Content.ReadAsStringAsync();
        foreach (var route in HttpRoutes.All) Assert.Contains($"<code>{route.Path}</code>", page, StringComparison.Ordinal);
        Assert.Equal(HttpRoutes.All.Count(route => route.LoopbackOnly), page.Split("(from this machine only)").Length - 1);
        Assert.Contains("<a href=\"/api/experiments/e/sweeps/s\">e/s</a>", page, StringComparison.Ordinal);
        Assert.Contains("default-src 'none'", answer.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
    }

    /// <summary>What is mapped is listed: an endpoint that nobody is told of is a mistake.</summary>
    [Fact]
    public void Routes_AreThoseThatAreMapped()
    {
        var mapped = ((Microsoft.AspNetCore.Routing.IEndpointRouteBuilder)_app).DataSources.SelectMany(source => source.Endpoints).OfType<Microsoft.AspNetCore.Routing.RouteEndpoint>()
            .Where(endpoint => endpoint.RoutePattern.RawText?.TrimStart('/').StartsWith("dashboard", StringComparison.Ordinal) != true)
            .Select(endpoint => $"{endpoint.Metadata.GetMetadata<Microsoft.AspNetCore.Routing.HttpMethodMetadata>()?.HttpMethods.Single()} {endpoint.RoutePattern.RawText}");
        Assert.Equal(HttpRoutes.All.Where(route => route.Handler is not null).Select(route => $"{route.Method} {route.Path}").Order(StringComparer.Ordinal), mapped.Order(StringComparer.Ordinal));
    }

    /// <summary>The page of the docs names every route, and says which are for the silo's own machine.</summary>
    [Fact]
    public void Docs_NameEveryRoute()
    {
        var at = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(at!.FullName, "AlpacaCot.Orleans.sln"))) at = at.Parent;
        var lines = File.ReadAllLines(Path.Combine(at.FullName, "docs", "http.md"));
        foreach (var route in HttpRoutes.All)
        {
            var line = Assert.Single(lines, line => line.StartsWith($"| {route.Method} | `{route.Path}` |", StringComparison.Ordinal));
            Assert.Equal(route.LoopbackOnly, line.Contains("this machine only", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task Validate_WrongFile_AnswersEveryErrorWithLineAndFix()
    {
        var (code, json) = await PostAsync("/api/validate", "name: x\nunheard_of: 1\nmodels: [none]\npeft: [lorra]\ndata: [goat]\n");
        Assert.Equal((HttpStatusCode.UnprocessableEntity, false), (code, json.GetProperty("valid").GetBoolean()));
        var remarks = json.GetProperty("remarks").EnumerateArray().Where(r => r.GetProperty("severity").GetString() == "error").ToList();
        foreach (var says in (string[])["unheard_of", "lorra", "none: no such model"]) Assert.Contains(remarks, r => r.GetRawText().Contains(says, StringComparison.Ordinal));
        Assert.Equal(2, remarks.First(r => r.GetRawText().Contains("unheard_of", StringComparison.Ordinal)).GetProperty("line").GetInt32());
        // The same is the answer of a submission, and nothing is submitted.
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await PostAsync("/api/experiments/e/sweeps", "name: x\nunheard_of: 1")).Code);
        Assert.Equal(HttpStatusCode.NotFound, (await GetAsync("/api/experiments/e/sweeps")).Code);
    }

    [Theory]
    [InlineData("?base_directory=relative")]
    [InlineData("?base_directory=/no/such/folder")]
    public async Task Validate_FolderThatIsNone_IsRefused(string query)
        => Assert.Contains("base_directory", (await PostAsync("/api/validate" + query, "name: x")).Json.GetProperty("error").GetString(), StringComparison.Ordinal);

    [Fact]
    public async Task Validate_BodyThatIsTooLarge_IsRefused()
        => Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await PostAsync("/api/validate", new string('#', (1 << 20) + 1))).Code);

    /// <summary>The key may be known elsewhere; what reads this machine's files is this machine's programs' all the same.</summary>
    [Fact]
    public async Task LoopbackOnly_FromElsewhere_IsForbidden()
    {
        foreach (var endpoint in ((Microsoft.AspNetCore.Routing.IEndpointRouteBuilder)_app).DataSources.SelectMany(source => source.Endpoints).OfType<Microsoft.AspNetCore.Routing.RouteEndpoint>())
        {
            if (HttpRoutes.All.FirstOrDefault(route => route.Path == endpoint.RoutePattern.RawText && endpoint.Metadata.GetMetadata<Microsoft.AspNetCore.Routing.HttpMethodMetadata>()!.HttpMethods.Contains(route.Method)) is not { LoopbackOnly: true } route) continue;
            foreach (var (from, refused) in ((string, bool)[])[("192.0.2.7", true), ("127.0.0.1", false), ("::1", false), ("::ffff:127.0.0.1", false)])
            {
                using var scope = _app.Services.CreateScope();
                var context = new Microsoft.AspNetCore.Http.DefaultHttpContext { RequestServices = scope.ServiceProvider };
                (context.Request.Method, context.Request.Body, context.Request.RouteValues["experiment"]) = (route.Method, new MemoryStream("name: ["u8.ToArray()), "e");
                context.Connection.RemoteIpAddress = IPAddress.Parse(from);
                await endpoint.RequestDelegate!(context);
                Assert.Equal(refused ? 403 : 422, context.Response.StatusCode);
            }
        }
    }

    [Fact]
    public async Task Cancel_StopsASweep_AndAnUnknownOneIsNotFound()
    {
        await SubmitAsync();
        var (code, json) = await PostAsync("/api/experiments/e/sweeps/s/cancel");
        Assert.Equal((HttpStatusCode.OK, "cancelled"), (code, json.GetProperty("state").GetString()));
        Assert.Equal(HttpStatusCode.NotFound, (await PostAsync("/api/experiments/e/sweeps/none/cancel")).Code);
    }

    [Fact]
    public async Task SpecificationAndTrial_AreShown()
    {
        await SubmitAsync();
        Assert.Equal(512, (await GetAsync("/api/experiments/e/sweeps/s/specification")).Json.GetProperty("specification").GetProperty("training").GetProperty("cutoff_len").GetInt32());
        var trial = (await GetAsync("/api/experiments/e/sweeps/s/trials/m+lora+d+none+s1")).Json;
        Assert.Equal("m+lora+d+none+s1", trial.GetProperty("trial").GetProperty("name").GetString());
        Assert.Equal(16, trial.GetProperty("configuration").GetProperty("peft").GetProperty("alpha").GetDouble());
        Assert.Equal(HttpStatusCode.NotFound, (await GetAsync("/api/experiments/e/sweeps/s/trials/none")).Code);
        Assert.Equal(HttpStatusCode.NotFound, (await GetAsync("/api/experiments/e/sweeps/none/specification")).Code);
    }

    [Fact]
    public async Task NoServer_StartsWithoutAPort()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
        _app = Build(new SiloArguments { Slots = [] });
        await _app.StartAsync();
        Assert.IsType<NoServer>(_app.Services.GetRequiredService<IServer>());
        Assert.Empty(_app.Services.GetServices<IConfigureOptions<DashboardOptions>>());
        Assert.DoesNotContain(_app.Services.GetRequiredService<IOptions<GrainTypeOptions>>().Value.Classes, type => type.Assembly == typeof(DashboardOptions).Assembly);
        Assert.Empty(await Grains.GetGrain<IDeviceRegistryGrain>("default").ListAsync());
    }

    /// <summary>A page of another site whose name resolves to this machine.</summary>
    [Theory]
    [InlineData("evil.example", false)]
    [InlineData("evil.example:1234", false)]
    [InlineData("127.0.0.1.evil.example", false)]
    [InlineData("10.1.2.3", false)]
    [InlineData("localhost", true)]
    [InlineData("LOCALHOST.:1234", true)]
    [InlineData("127.0.0.1", true)]
    [InlineData("[::1]:1234", true)]
    [InlineData("lab.example", true)]
    public async Task Host_ThatIsNotTheSilos_IsRefused(string host, bool answered)
    {
        foreach (var path in (string[])["/health", "/api/slots", "/dashboard/", "/nothing"])
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path);
            request.Headers.Host = host;
            using var answer = await _http.SendAsync(request);
            Assert.Equal(!answered, answer.StatusCode == HttpStatusCode.BadRequest);
        }
    }

    [Fact]
    public async Task Pages_SayWhatABrowserMayDoWithThem()
    {
        using var answer = await _http.GetAsync("/dashboard/");
        Assert.Contains("frame-ancestors 'none'", answer.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        foreach (var (header, value) in ((string, string)[])[("X-Content-Type-Options", "nosniff"), ("X-Frame-Options", "DENY"), ("Referrer-Policy", "no-referrer"), ("Cross-Origin-Opener-Policy", "same-origin"), ("Cross-Origin-Resource-Policy", "same-origin")])
            Assert.Equal(value, answer.Headers.GetValues(header).Single());
    }

    [Theory]
    [InlineData("/api/experiments/unheard-of/sweeps")]
    [InlineData("/api/experiments/unheard-of/sweeps/s")]
    [InlineData("/api/experiments/e/sweeps/unheard-of")]
    [InlineData("/experiments/e/unheard-of/report")]
    [InlineData("/api/experiments/..%2fe/sweeps/s")]
    public async Task UnknownName_ActivatesNoGrain(string path)
    {
        await SubmitAsync();
        var management = Grains.GetGrain<IManagementGrain>(0);
        async Task<string[]> ActiveAsync()
            => [.. (await management.GetDetailedGrainStatistics()).Select(grain => grain.GrainId.ToString()).Where(id => id.StartsWith("sweep/", StringComparison.Ordinal) || id.StartsWith("experiment/", StringComparison.Ordinal)).Order()];
        var before = await ActiveAsync();
        Assert.Contains("sweep/e/s", before);
        Assert.Equal(HttpStatusCode.NotFound, (await GetAsync(path)).Code);
        Assert.Equal(before, await ActiveAsync());
    }
}
