using System.Net;
using System.Net.Http.Headers;

namespace AlpacaCot.Files.Hub;

/// <summary>
/// One file's transfer: into <c>NAME.partial</c>, taken up where it stopped as long as the server still has the same version (its ETag lies in
/// <c>NAME.partial.etag</c>), checked, flushed, renamed.
/// </summary>
internal sealed class Download(HttpClient http, HubOptions options, TimeProvider time, string path, string? sha256, long mostBytes, IProgress<HubProgress>? progress)
{
    private const int MaxRedirects = 10;
    private readonly string _partial = path + ".partial";
    private readonly string _etagFile = path + ".partial.etag";

    /// <summary>Fetches from the first address that has the file.</summary>
    public async Task RunAsync(IReadOnlyList<Uri> addresses, CancellationToken cancellation)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        Exception? last = null;
        foreach (var address in addresses)
        {
            try
            {
                await FromAsync(address, cancellation).ConfigureAwait(false);
                return;
            }
            catch (Exception e) when (e is HttpRequestException or HttpIOException && !cancellation.IsCancellationRequested)
            {
                last = e;
            }
        }
        var advice = last is HttpRequestException { StatusCode: HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden }
            ? "it does not exist or needs an access token"
            : "check the address and the connection, or name a mirror";
        throw new HubException($"{addresses[0]}: cannot be fetched: {last?.Message.ReplaceLineEndings(" ")} ({advice})", last);
    }

    private async Task FromAsync(Uri address, CancellationToken cancellation)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                var named = await TransferAsync(address, cancellation).ConfigureAwait(false);
                await FinishAsync(address, sha256 ?? named, cancellation).ConfigureAwait(false);
                return;
            }
            catch (Exception e) when (e is HttpIOException or TimeoutException || e is HttpRequestException { StatusCode: null or >= HttpStatusCode.InternalServerError })
            {
                // What has arrived stays; the next attempt asks for the rest.
                if (attempt >= options.Retries) throw e as HttpRequestException ?? new HttpRequestException(e.Message, e);
                await Task.Delay(options.RetryDelay * Math.Pow(2, attempt), time, cancellation).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Brings the partial file up to the whole; returns the hash that the server names for it, or null.</summary>
    private async Task<string?> TransferAsync(Uri address, CancellationToken cancellation)
    {
        await using var file = OpenPartial();
        var etag = file.Length > 0 && File.Exists(_etagFile) ? await File.ReadAllTextAsync(_etagFile, cancellation).ConfigureAwait(false) : null;
        if (etag is null) file.SetLength(0);   // of unknown version: from the start

        var (response, linkedHash) = await SendAsync(address, file.Length, etag, cancellation).ConfigureAwait(false);
        using var _ = response;
        if (response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable)
        {
            file.SetLength(0);
            throw new HttpIOException(HttpRequestError.InvalidResponse, "the partial file is longer than the whole");
        }
        if (!response.IsSuccessStatusCode) throw new HttpRequestException($"{(int)response.StatusCode} {response.ReasonPhrase}", null, response.StatusCode);
        if (response.StatusCode != HttpStatusCode.PartialContent) file.SetLength(0);   // another version, or a server without ranges

        else if (response.Content.Headers.ContentRange is { From: var begins } && begins != file.Length)
        {
            file.SetLength(0);
            throw new HttpIOException(HttpRequestError.InvalidResponse, $"the server goes on at byte {begins}, not where it was asked to");
        }

        var tag = response.Headers.ETag;
        if (tag is { IsWeak: false }) await File.WriteAllTextAsync(_etagFile, tag.ToString(), cancellation).ConfigureAwait(false);
        var total = response.Content.Headers.ContentLength is { } rest ? file.Length + rest : (long?)null;
        RequireRoom(address, total ?? 0, file.Length);
        await CopyAsync(address, response, file, total, cancellation).ConfigureAwait(false);
        if (total is { } whole && file.Length < whole) throw new HttpIOException(HttpRequestError.ResponseEnded, $"the connection ended after {file.Length} of {whole} bytes");
        file.Flush(flushToDisk: true);
        return linkedHash ?? (Checksum.IsHash(tag?.Tag.Trim('"')) ? tag!.Tag.Trim('"') : null);
    }

    private FileStream OpenPartial()
    {
        try
        {
            var file = new FileStream(_partial, FileMode.OpenOrCreate, FileAccess.Write, FileShare.None, 1 << 18, useAsync: true);
            file.Seek(0, SeekOrigin.End);
            return file;
        }
        catch (IOException e)
        {
            throw new HubException($"{path}: cannot be written: {e.Message} (is another download of it running?)", e);
        }
    }

    // Redirects are followed by hand: the hub names the content's hash in its own answer, not in the content server's, and the token is for the hub alone.
    private async Task<(HttpResponseMessage Response, string? LinkedHash)> SendAsync(Uri address, long from, string? etag, CancellationToken cancellation)
    {
        string? linkedHash = null;
        var at = Required(address);
        for (var hop = 0; hop < MaxRedirects; hop++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, at);
            if (options.Token is { } token && options.BaseAddresses.Any(b => b.Host == at.Host && b.Port == at.Port)) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            if (from > 0 && EntityTagHeaderValue.TryParse(etag, out var version))
            {
                request.Headers.Range = new RangeHeaderValue(from, null);
                request.Headers.IfRange = new RangeConditionHeaderValue(version);
            }
            var response = await AnswerAsync(request, cancellation).ConfigureAwait(false);
            if (response.Headers.TryGetValues("X-Linked-Etag", out var linked) && linked.First().Trim('"') is var hash && Checksum.IsHash(hash)) linkedHash = hash;
            if (response.StatusCode is not (HttpStatusCode.Moved or HttpStatusCode.Found or HttpStatusCode.SeeOther or HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect)
                || response.Headers.Location is not { } location)
                return (response, linkedHash);
            response.Dispose();
            at = Redirected(at, location);
        }
        throw new HttpRequestException($"more than {MaxRedirects} redirects");
    }

    /// <summary>Where a redirect leads.</summary>
    /// <exception cref="HubException">Out of https: what comes then, anyone on the way can have changed. Or to what is no address of the web.</exception>
    internal static Uri Redirected(Uri from, Uri location)
    {
        var to = Required(new Uri(from, location));
        return from.Scheme == Uri.UriSchemeHttps && to.Scheme != Uri.UriSchemeHttps ? throw new HubException($"{from}: sends on to {to}, which is not encrypted as the address is that was asked for") : to;
    }

    private static Uri Required(Uri address)
        => address.IsAbsoluteUri && (address.Scheme == Uri.UriSchemeHttps || address.Scheme == Uri.UriSchemeHttp) ? address : throw new HubException($"{address}: is no http or https address");

    private async Task<HttpResponseMessage> AnswerAsync(HttpRequestMessage request, CancellationToken cancellation)
    {
        using var late = new CancellationTokenSource(options.StallTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellation);
        try
        {
            return await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            throw new TimeoutException(FormattableString.Invariant($"no answer within {options.StallTimeout.TotalSeconds:0.#} s"));
        }
    }

    private void RequireRoom(Uri address, long whole, long there)
    {
        if (whole > mostBytes) throw TooLarge(address);
        var free = new DriveInfo(Path.GetDirectoryName(Path.GetFullPath(path))!).AvailableFreeSpace;
        if (whole - there > free) throw new HubException($"{path}: cannot be fetched: it needs {(whole - there) >> 20} MiB more, and {free >> 20} MiB are free");
    }

    private HubException TooLarge(Uri address) => new($"{address}: has more than {mostBytes} bytes, which nothing that is fetched here has");

    private async Task CopyAsync(Uri address, HttpResponseMessage response, FileStream file, long? total, CancellationToken cancellation)
    {
        await using var content = await response.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
        var buffer = new byte[1 << 18];
        while (true)
        {
            var read = await content.ReadAsync(buffer, cancellation).AsTask().WaitAsync(options.StallTimeout, time, cancellation).ConfigureAwait(false);
            if (read == 0) return;
            if (file.Position + read > mostBytes)
            {
                file.SetLength(0);
                throw TooLarge(address);
            }
            await file.WriteAsync(buffer.AsMemory(0, read), cancellation).ConfigureAwait(false);
            progress?.Report(new HubProgress(Path.GetFileName(path), file.Position, total));
        }
    }

    private async Task FinishAsync(Uri address, string? expected, CancellationToken cancellation)
    {
        if (expected is not null && !await Checksum.MatchesAsync(_partial, expected, cancellation).ConfigureAwait(false))
        {
            File.Delete(_partial);
            File.Delete(_etagFile);
            throw new HubException($"{address}: the content's hash is not {expected}: it was damaged on the way or has changed; fetch it again, or correct the expected hash");
        }
        AtomicFile.Commit(_partial, path);
        File.Delete(_etagFile);
    }
}
