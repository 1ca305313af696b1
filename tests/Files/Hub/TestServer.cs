using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace AlpacaCot.Tests.Files.Hub;

/// <summary>One file that a test server offers.</summary>
internal sealed record ServedFile(byte[] Content, string? ETag = null)
{
    /// <summary>The connection is cut after this many bytes of an answer's body, once per entry.</summary>
    public ConcurrentQueue<int> CutAfter { get; } = new();

    public string? LinkedETag { get; init; }

    public string? RedirectTo { get; init; }

    /// <summary>The length that is told, where it is another than the content's.</summary>
    public long? Claims { get; init; }
}

/// <summary>What a request asked for.</summary>
internal sealed record Seen(string Path, string? Range, string? Authorization);

/// <summary>A real HTTP server on the loopback with ranges, ETags, redirects and connections that break.</summary>
internal sealed class TestServer : IDisposable
{
    private readonly HttpListener _listener;

    public TestServer()
    {
        (_listener, Address) = Listen();
        _ = ServeAsync();
    }

    // An HttpListener chooses no port itself, and one that was free a moment ago may be another program's by now.
    private static (HttpListener Listener, Uri Address) Listen()
    {
        for (var tries = 1; ; tries++)
        {
            Uri address;
            using (var probe = new TcpListener(IPAddress.Loopback, 0))
            {
                probe.Start();
                address = new Uri($"http://127.0.0.1:{((IPEndPoint)probe.LocalEndpoint).Port}/");
            }
            var listener = new HttpListener();
            listener.Prefixes.Add(address.AbsoluteUri);
            try
            {
                listener.Start();
                return (listener, address);
            }
            catch (HttpListenerException) when (tries < 20)
            {
                listener.Close();
            }
        }
    }

    public Uri Address { get; }

    public ConcurrentDictionary<string, ServedFile> Files { get; } = new(StringComparer.Ordinal);

    /// <summary>What is answered under every other path; nothing where null.</summary>
    public ServedFile? Any { get; set; }

    public ConcurrentQueue<Seen> Requests { get; } = new();

    public void Dispose() => _listener.Close();

    private async Task ServeAsync()
    {
        while (_listener.IsListening)
        {
            try
            {
                Answer(await _listener.GetContextAsync());
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException or IOException)
            {
                // A cut connection, or the end of the test.
            }
        }
    }

    private void Answer(HttpListenerContext context)
    {
        var (request, response) = (context.Request, context.Response);
        var path = request.Url!.AbsolutePath;
        Requests.Enqueue(new Seen(path, request.Headers["Range"], request.Headers["Authorization"]));
        if (!Files.TryGetValue(path, out var file) && (file = Any) is null)
        {
            response.StatusCode = 404;
            response.Close();
            return;
        }
        if (file.LinkedETag is not null) response.Headers["X-Linked-Etag"] = $"\"{file.LinkedETag}\"";
        if (file.RedirectTo is not null)
        {
            response.StatusCode = 302;
            response.Headers["Location"] = file.RedirectTo;
            response.Close();
            return;
        }
        if (file.ETag is not null) response.Headers["ETag"] = $"\"{file.ETag}\"";
        var from = 0;
        if (request.Headers["Range"] is { } range && (request.Headers["If-Range"] is not { } version || version == $"\"{file.ETag}\""))
        {
            from = int.Parse(range["bytes=".Length..].TrimEnd('-'), System.Globalization.CultureInfo.InvariantCulture);
            response.StatusCode = 206;
            response.Headers["Content-Range"] = $"bytes {from}-{file.Content.Length - 1}/{file.Content.Length}";
        }
        response.ContentLength64 = file.Claims ?? (file.Content.Length - from);
        if (file.CutAfter.TryDequeue(out var most))
        {
            response.OutputStream.Write(file.Content, from, most);
            response.OutputStream.Flush();
            response.Abort();
            return;
        }
        response.OutputStream.Write(file.Content, from, file.Content.Length - from);
        response.Close();
    }
}
