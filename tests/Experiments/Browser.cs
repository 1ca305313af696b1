using System.Diagnostics;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace AlpacaCot.Tests.Experiments;

/// <summary>Chromium without a window, driven over its DevTools protocol: pages as a reader sees them.</summary>
internal sealed class Browser : IAsyncDisposable
{
    private static readonly string[] _names = ["chromium", "chromium-browser", "google-chrome"];
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly string _profile;
    private readonly ClientWebSocket _socket = new();
    private string? _session;
    private int _id;

    private Browser(Process process, string profile) => (_process, _profile) = (process, profile);

    /// <summary>The browser's program; null where none is installed.</summary>
    public static string? Program { get; } = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .SelectMany(folder => _names.Select(name => Path.Combine(folder, name))).FirstOrDefault(File.Exists);

    /// <summary>Starts one with an empty page.</summary>
    public static async Task<Browser> StartAsync()
    {
        var profile = Directory.CreateTempSubdirectory("browser-").FullName;
        var start = new ProcessStartInfo(Program!) { RedirectStandardError = true, RedirectStandardOutput = true };
        foreach (var argument in (string[])["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run", "--remote-debugging-port=0", $"--user-data-dir={profile}", "about:blank"])
            start.ArgumentList.Add(argument);
        var browser = new Browser(Process.Start(start)!, profile);
        using var deadline = new CancellationTokenSource(_patience);
        while (await browser._process.StandardError.ReadLineAsync(deadline.Token) is { } line)
            if (Regex.Match(line, @"ws://\S+") is { Success: true } address)
            {
                await browser._socket.ConnectAsync(new Uri(address.Value), deadline.Token);
                // What it goes on to say must be read, or it stops once the pipe is full.
                _ = browser._process.StandardError.ReadToEndAsync(CancellationToken.None);
                var target = (await browser.SendAsync("Target.createTarget", new() { ["url"] = "about:blank" }))["targetId"]!.GetValue<string>();
                browser._session = (await browser.SendAsync("Target.attachToTarget", new() { ["targetId"] = target, ["flatten"] = true }))["sessionId"]!.GetValue<string>();
                return browser;
            }
        throw new InvalidOperationException($"{Program} ended without saying where it listens");
    }

    /// <summary>Opens a page at a size, light or dark.</summary>
    public async Task OpenAsync(string file, int width, int height, bool dark)
    {
        await SendAsync("Emulation.setDeviceMetricsOverride", new() { ["width"] = width, ["height"] = height, ["deviceScaleFactor"] = 1, ["mobile"] = width < 600 });
        await SendAsync("Emulation.setEmulatedMedia", new() { ["features"] = new JsonArray(new JsonObject { ["name"] = "prefers-color-scheme", ["value"] = dark ? "dark" : "light" }) });
        var address = new Uri(file).AbsoluteUri;
        await SendAsync("Page.navigate", new() { ["url"] = address });
        var deadline = Stopwatch.StartNew();
        while (await EvaluateAsync("document.readyState + ' ' + location.href") is var state && state.GetString() != $"complete {address}")
            if (deadline.Elapsed > _patience) throw new TimeoutException($"{file} is not loaded: {state}");
    }

    /// <summary>The value of an expression in the page.</summary>
    public async Task<JsonElement> EvaluateAsync(string expression)
    {
        var result = await SendAsync("Runtime.evaluate", new() { ["expression"] = expression, ["returnByValue"] = true });
        if (result["exceptionDetails"] is { } problem) throw new InvalidOperationException(problem.ToJsonString());
        return JsonSerializer.SerializeToElement(result["result"]!["value"]);
    }

    public async ValueTask DisposeAsync()
    {
        _socket.Dispose();
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
        Directory.Delete(_profile, recursive: true);
    }

    private async Task<JsonNode> SendAsync(string method, JsonObject parameters)
    {
        using var deadline = new CancellationTokenSource(_patience);
        var id = ++_id;
        var message = new JsonObject { ["id"] = id, ["method"] = method, ["params"] = parameters };
        if (_session is not null) message["sessionId"] = _session;
        await _socket.SendAsync(Encoding.UTF8.GetBytes(message.ToJsonString()), WebSocketMessageType.Text, true, deadline.Token);
        while (true)
        {
            using var received = new MemoryStream();
            var buffer = new byte[1 << 16];
            ValueWebSocketReceiveResult part;
            do
            {
                part = await _socket.ReceiveAsync(buffer.AsMemory(), deadline.Token);
                received.Write(buffer, 0, part.Count);
            }
            while (!part.EndOfMessage);
            var answer = JsonNode.Parse(received.ToArray())!;
            // Everything else is an event that nobody asked for.
            if (answer["id"]?.GetValue<int>() != id) continue;
            return answer["result"] ?? throw new InvalidOperationException($"{method}: {answer["error"]?.ToJsonString()}");
        }
    }
}
