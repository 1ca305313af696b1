using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace AlpacaCot.Files.Hub;

/// <summary>
/// Fetches files from the Hugging Face hub, its mirrors and plain URLs into a folder. What was fetched once is served from there without a
/// connection; what arrives is checked against its hash; an interrupted transfer goes on where it stopped, also in a later run.
/// </summary>
public sealed class HubClient : IDisposable
{
    // With room for what a partial file adds to it.
    private const int MostOfName = 200;

    /// <summary>Bytes of the largest listing of a repository's files, some hundred for each.</summary>
    private const int LargestListing = 64 << 20;

    private readonly HubOptions _options;
    private readonly TimeProvider _time;
    private readonly HttpClient _http;

    /// <summary>Creates a client.</summary>
    public HubClient(HubOptions options, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(options);
        (_options, _time) = (options, time);
        _http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, ConnectTimeout = options.StallTimeout }) { Timeout = Timeout.InfiniteTimeSpan };
        _http.DefaultRequestHeaders.UserAgent.ParseAdd("alpacacot");
    }

    /// <summary>Fetches a URL.</summary>
    /// <param name="url">An http or https address.</param>
    /// <param name="sha256">What the content must hash to, as 64 hex digits; unchecked where null and the server names no hash.</param>
    /// <param name="progress">Told as bytes arrive.</param>
    /// <param name="cancellation">Stops; what has arrived is kept for the next time.</param>
    /// <returns>The local file.</returns>
    /// <exception cref="HubException">It cannot be fetched, is not in the cache while offline, or its hash is another.</exception>
    public async Task<string> FetchAsync(Uri url, string? sha256 = null, IProgress<HubProgress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(url);
        var name = Path.GetFileName(url.LocalPath) is { Length: > 0 } last ? FileName(last) : "index";
        var key = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(url.AbsoluteUri)))[..16];
        var path = Path.Combine(_options.Root, "urls", url.Host, key, name);
        await FetchToAsync(path, [url], url.AbsoluteUri, sha256?.ToLowerInvariant(), _options.MostBytes, progress, cancellation).ConfigureAwait(false);
        return path;
    }

    /// <summary>Fetches one file of a repository.</summary>
    /// <param name="kind">Model or data set.</param>
    /// <param name="id">The repository, <c>owner/name</c>.</param>
    /// <param name="file">The file's path in it.</param>
    /// <param name="revision">Branch, tag or commit.</param>
    /// <param name="progress">Told as bytes arrive.</param>
    /// <param name="cancellation">Stops; what has arrived is kept for the next time.</param>
    /// <returns>The local file.</returns>
    /// <exception cref="HubException">It cannot be fetched, is not in the cache while offline, or arrives damaged.</exception>
    public async Task<string> FetchFileAsync(HubKind kind, string id, string file, string revision = "main", IProgress<HubProgress>? progress = null, CancellationToken cancellation = default)
    {
        var folder = Folder(kind, id, revision);
        if (!IsInside(file))
            throw new HubException($"{id}: '{file}' is no path inside a repository");
        var addresses = Addresses($"{Prefix(kind)}{id}/resolve/{Uri.EscapeDataString(revision)}/{string.Join('/', file.Split('/').Select(Uri.EscapeDataString))}");
        var path = Path.Combine(folder, file);
        await FetchToAsync(path, addresses, $"{id}: {file}", null, _options.MostBytes, progress, cancellation).ConfigureAwait(false);
        return path;
    }

    /// <summary>
    /// Fetches what is needed to load a model: configuration, tokenizer and weights (safetensors; torch files only where there are none).
    /// </summary>
    /// <param name="id">The repository, <c>owner/name</c>.</param>
    /// <param name="revision">Branch, tag or commit.</param>
    /// <param name="progress">Told as bytes arrive.</param>
    /// <param name="cancellation">Stops; what has arrived is kept for the next time.</param>
    /// <returns>The local model directory.</returns>
    /// <exception cref="HubException">It cannot be fetched, is not in the cache while offline, or arrives damaged.</exception>
    public async Task<string> FetchModelAsync(string id, string revision = "main", IProgress<HubProgress>? progress = null, CancellationToken cancellation = default)
    {
        // A folder per commit, so that an unfinished attempt before a branch moved is never mixed with the next; the reference is written last.
        var reference = Path.Combine(Folder(HubKind.Model, id, ".refs"), Path.GetFileName(Folder(HubKind.Model, id, revision)));
        if (File.Exists(reference)) return Folder(HubKind.Model, id, (await File.ReadAllTextAsync(reference, cancellation).ConfigureAwait(false)).Trim());
        if (_options.Offline) throw Absent(id, reference);

        var listing = reference + ".json";
        if (File.Exists(listing)) File.Delete(listing);
        await FetchToAsync(listing, Addresses($"api/models/{id}/revision/{Uri.EscapeDataString(revision)}"), id, null, _options.MostBytesOfListing, null, cancellation).ConfigureAwait(false);
        var (commit, files) = ReadListing(listing, id);
        var folder = Folder(HubKind.Model, id, commit);
        await FetchFilesAsync(id, commit, folder, WantedFiles.Of(files), progress, cancellation).ConfigureAwait(false);
        AtomicFile.WriteAllText(reference, $"{commit}\n");
        return folder;
    }

    /// <summary>
    /// Fetches a repository's model or adapter and puts it at a place of its own, whole or not at all; an interrupted attempt goes on where it stopped.
    /// </summary>
    /// <param name="id">The repository, <c>owner/name</c>.</param>
    /// <param name="target">The folder to make, on the file system of the cache.</param>
    /// <param name="revision">Branch, tag or commit.</param>
    /// <param name="include">Patterns (<c>*.gguf</c>, <c>original/*</c>) of the files to take; what a model or adapter is loaded from where there are none.</param>
    /// <param name="progress">Told as bytes arrive.</param>
    /// <param name="cancellation">Stops; what has arrived is kept for the next time.</param>
    /// <returns>The commit, and the files that were taken.</returns>
    /// <exception cref="HubException">As <see cref="FetchModelAsync"/>; or no file fits the patterns.</exception>
    public async Task<(string Commit, IReadOnlyList<string> Files)> AddModelAsync(
        string id, string target, string revision = "main", IReadOnlyList<string>? include = null, IProgress<HubProgress>? progress = null, CancellationToken cancellation = default)
    {
        if (_options.Offline) throw new HubException($"{id}: cannot be fetched: the client is offline");
        var listing = Path.Combine(Folder(HubKind.Model, id, ".refs"), Path.GetFileName(Folder(HubKind.Model, id, revision)) + ".json");
        if (File.Exists(listing)) File.Delete(listing);
        await FetchToAsync(listing, Addresses($"api/models/{id}/revision/{Uri.EscapeDataString(revision)}"), id, null, _options.MostBytesOfListing, null, cancellation).ConfigureAwait(false);
        var (commit, files) = ReadListing(listing, id);
        var wanted = WantedFiles.Of(files, include ?? []);
        if (wanted.Count == 0) throw new HubException($"{id}: {WantedFiles.WhyNone(files, include ?? [])}");
        var folder = Folder(HubKind.Model, id, commit) + ".adding";
        await FetchFilesAsync(id, commit, folder, wanted, progress, cancellation).ConfigureAwait(false);
        // Of an earlier attempt with other patterns more may lie there.
        foreach (var other in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Where(file => !wanted.Contains(Path.GetRelativePath(folder, file).Replace('\\', '/')))) File.Delete(other);
        Place(folder, target);
        return (commit, wanted);
    }

    /// <summary>Fetches a URL and puts the file into a folder of its own, as <see cref="AddModelAsync"/>.</summary>
    /// <param name="url">An http or https address of a file.</param>
    /// <param name="target">The folder to make, on the file system of the cache.</param>
    /// <param name="sha256">What the content must hash to; unchecked where null and the server names no hash.</param>
    /// <param name="progress">Told as bytes arrive.</param>
    /// <param name="cancellation">Stops; what has arrived is kept for the next time.</param>
    /// <returns>The file's name.</returns>
    /// <exception cref="HubException">As <see cref="FetchAsync"/>.</exception>
    public async Task<string> AddFileAsync(Uri url, string target, string? sha256 = null, IProgress<HubProgress>? progress = null, CancellationToken cancellation = default)
    {
        var file = await FetchAsync(url, sha256, progress, cancellation).ConfigureAwait(false);
        Place(Path.GetDirectoryName(file)!, target);
        return Path.GetFileName(file);
    }

    private async Task FetchFilesAsync(string id, string commit, string folder, IReadOnlyList<string> files, IProgress<HubProgress>? progress, CancellationToken cancellation)
    {
        foreach (var file in files)
        {
            var addresses = Addresses($"{id}/resolve/{Uri.EscapeDataString(commit)}/{string.Join('/', file.Split('/').Select(Uri.EscapeDataString))}");
            await FetchToAsync(Path.Combine(folder, file), addresses, $"{id}: {file}", null, _options.MostBytes, progress, cancellation).ConfigureAwait(false);
        }
    }

    private static void Place(string folder, string target)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(target))!);
            if (Directory.Exists(target)) Directory.Delete(target, recursive: true);
            Directory.Move(folder, target);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new HubException($"{target}: cannot be written: {e.Message}", e);
        }
    }

    /// <summary>Fetches those files of a data set's repository that are wanted.</summary>
    /// <param name="id">The repository, <c>owner/name</c>.</param>
    /// <param name="wanted">Which files are, by their paths in it.</param>
    /// <param name="revision">Branch, tag or commit.</param>
    /// <param name="progress">Told as bytes arrive.</param>
    /// <param name="cancellation">Stops; what has arrived is kept for the next time.</param>
    /// <returns>The local files, in the order of their paths.</returns>
    /// <exception cref="HubException">It cannot be fetched, is not in the cache while offline, has no wanted file, or arrives damaged.</exception>
    public async Task<IReadOnlyList<string>> FetchDatasetAsync(string id, Func<string, bool> wanted, string revision = "main", IProgress<HubProgress>? progress = null, CancellationToken cancellation = default)
    {
        var listing = Path.Combine(Folder(HubKind.Dataset, id, ".refs"), Path.GetFileName(Folder(HubKind.Dataset, id, revision)) + ".json");
        if (!_options.Offline && File.Exists(listing)) File.Delete(listing);
        await FetchToAsync(listing, Addresses($"api/datasets/{id}/revision/{Uri.EscapeDataString(revision)}"), id, null, _options.MostBytesOfListing, null, cancellation).ConfigureAwait(false);
        var (commit, files) = ReadListing(listing, id);
        var chosen = files.Where(wanted).Order(StringComparer.Ordinal).ToList();
        if (chosen.Count == 0) throw new HubException($"{id}: holds no file of rows");
        var fetched = new List<string>();
        foreach (var file in chosen) fetched.Add(await FetchFileAsync(HubKind.Dataset, id, file, commit, progress, cancellation).ConfigureAwait(false));
        return fetched;
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private async Task FetchToAsync(string path, IReadOnlyList<Uri> addresses, string what, string? sha256, long mostBytes, IProgress<HubProgress>? progress, CancellationToken cancellation)
    {
        if (File.Exists(path) && (sha256 is null || await Checksum.MatchesAsync(path, sha256, cancellation).ConfigureAwait(false))) return;
        if (_options.Offline) throw Absent(what, path);
        try
        {
            await new Download(_http, _options, _time, path, sha256, mostBytes, progress).RunAsync(addresses, cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException || AtomicFile.IsSizeLimit(e))
        {
            throw new HubException($"{path}: cannot be written: {e.Message}", e);
        }
    }

    private static HubException Absent(string what, string path)
        => new($"{what}: is not in the cache and the client is offline; fetch it once while online, or put it at {path}");

    private static string Prefix(HubKind kind) => kind == HubKind.Dataset ? "datasets/" : "";

    private IReadOnlyList<Uri> Addresses(string path)
        => [.. _options.BaseAddresses.Select(address => new Uri($"{address.AbsoluteUri.TrimEnd('/')}/{path}"))];

    private string Folder(HubKind kind, string id, string revision)
    {
        if (id.Split('/') is not [{ Length: > 0 } owner, { Length: > 0 } name] || $"{owner}{name}".Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_' or '.')) || owner[0] == '.' || name[0] == '.')
            throw new HubException($"'{id}' is no repository id: owner/name is needed");
        var safe = string.Concat(revision.Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' ? c : '_'));
        if (safe.Trim('.').Length == 0) throw new HubException($"'{revision}' is no revision");
        return Path.Combine(_options.Root, kind == HubKind.Dataset ? "datasets" : "models", owner, name, safe);
    }

    private static bool IsInside(string file) => !Path.IsPathRooted(file) && !file.Split('/', '\\').Any(part => part is "" or "." or "..");

    /// <summary>The last part of an address as a file's name: what a server puts there is no path, no hidden file and nothing that a terminal obeys.</summary>
    private static string FileName(string last)
    {
        var safe = string.Concat(last.Take(MostOfName).Select(c => char.IsControl(c) || Path.GetInvalidFileNameChars().Contains(c) ? '_' : c));
        return safe[0] == '.' ? $"_{safe}" : safe;
    }

    /// <summary>What a repository holds, as its hub says it: a listing is taken as a whole or not at all.</summary>
    private static (string Commit, IReadOnlyList<string> Files) ReadListing(string path, string id)
    {
        HubException Malformed(string why, Exception? cause = null)
        {
            // The next attempt asks again.
            File.Delete(path);
            return new HubException($"{id}: the hub's answer is not a repository listing: {why}", cause);
        }

        JsonElement json;
        try
        {
            json = FileText.ReadJson(path, LargestListing);
        }
        catch (InvalidDataException e)
        {
            throw Malformed(e.Message, e);
        }
        if (TextOf(json, "sha") is not { Length: > 0 and <= 64 } commit || !commit.All(char.IsAsciiLetterOrDigit)) throw Malformed("it names no commit");
        if (Member(json, "siblings") is not { ValueKind: JsonValueKind.Array } siblings) throw Malformed("it names no siblings");
        var files = new List<string>();
        foreach (var sibling in siblings.EnumerateArray())
        {
            var file = TextOf(sibling, "rfilename");
            if (file is null || file.Any(char.IsControl) || !IsInside(file))
                throw Malformed($"'{VisibleText.OnOneLine(file ?? "null")}' is no path inside a repository");
            files.Add(file);
        }
        return files.Count > 0 ? (commit, files) : throw Malformed("it lists no files");

        static JsonElement? Member(JsonElement json, string name) => json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) ? value : null;

        static string? TextOf(JsonElement json, string name) => Member(json, name) is { ValueKind: JsonValueKind.String } value ? value.GetString() : null;
    }
}
