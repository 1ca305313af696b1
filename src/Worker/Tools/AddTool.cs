using System.Globalization;
using AlpacaCot.Files.Hub;
using AlpacaCot.Worker.Protocol;
using AlpacaCot.Worker.Protocol.Tools;

namespace AlpacaCot.Worker.Tools;

/// <summary><c>model add</c>: fetches a model or an adapter from a hub or an address into the home's models.</summary>
internal static class AddTool
{
    private const string AdapterConfig = "adapter_config.json";

    /// <summary>Runs the tool.</summary>
    public static void Run(AddModelRequest request, WorkerFolders folders, JobContext context)
    {
        var (reference, name, revision, sha256, include) = (request.Reference, request.Name, request.Revision, request.Sha256, request.Include);
        var url = HubOptions.Address(reference);
        if (url is not null && (revision is not null || include.Count > 0)) throw new ToolException("--revision and --include are for a repository of the hub (owner/name), not for the address of a file");
        if (url is null && sha256 is not null) throw new ToolException("--sha256 is for the address of a file; a hub names its files' hashes itself");
        var target = Target(folders.Models, name ?? (url is null ? reference + (revision is null ? "" : $"@{revision}") : Path.GetFileNameWithoutExtension(url.LocalPath)));
        if (Directory.Exists(target) && !request.Force) throw new ToolException($"{target} is there already; give another --name, or replace it with --force");
        var commit = HubTools.Fetch(folders, context, "--endpoint", request.Endpoint is { } endpoint ? [endpoint] : [], offline: false, async (client, progress) =>
        {
            if (url is null) return (await client.AddModelAsync(reference, target, revision ?? "main", include, progress, context.Stop)).Commit;
            await client.AddFileAsync(url, target, sha256, progress, context.Stop);
            return null;
        });
        Answer(target, commit, context);
    }

    private static void Answer(string target, string? commit, JobContext context)
    {
        var files = Directory.EnumerateFiles(target, "*", SearchOption.AllDirectories).Select(file => new FileInfo(file)).ToList();
        var kind = File.Exists(Path.Combine(target, AdapterConfig)) ? "adapter" : "model";
        var bytes = files.Sum(file => file.Length);
        context.Answer(
            new { path = target, kind, commit, files = files.Select(file => Path.GetRelativePath(target, file.FullName)).Order(StringComparer.Ordinal).ToList(), bytes },
            string.Create(CultureInfo.InvariantCulture, $"{kind}, {files.Count} files, {bytes / 1048576.0:N1} MiB\n{target}"));
    }

    // A name is a place under the home's models, one or two folders deep, and nowhere else.
    private static string Target(string models, string name)
        => name.Split('/') is { Length: 1 or 2 } parts && parts.All(part => part.Trim('.').Length > 0 && part[0] != '.' && part.IndexOfAny(Path.GetInvalidFileNameChars()) < 0 && !part.Contains('\\'))
            ? Path.Combine(models, name)
            : throw new ToolException($"'{name}' is no name for a model under {models}: give one with --name");
}
