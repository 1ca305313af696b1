using AlpacaCot.Files;
using AlpacaCot.Specs.Facts;
using AlpacaCot.Worker.Protocol;
using AlpacaCot.Worker.Tools;

namespace AlpacaCot.Worker;

/// <summary>Stamps of files: taken when a sweep is checked, compared whenever one of its assignments begins.</summary>
internal static class FileStamps
{
    /// <summary>The stamps of the files of one name.</summary>
    public static ReferencedFiles Of(string kind, string name, IEnumerable<string> files, WorkerFolders folders) => new(
        kind, name,
        [
            .. files.Select(Path.GetFullPath).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).Select(file =>
            {
                var (length, modified, hash) = RememberedHash.Of(file, Path.Combine(folders.Cache, "fingerprints"));
                return new FileStamp(file, length, modified, hash);
            }),
        ]);

    /// <summary>The files of a model: all of its folder, since any of them may decide what is loaded.</summary>
    public static IEnumerable<string> OfModel(string place) => File.Exists(place) ? [place] : Directory.EnumerateFiles(place).Where(file => !Path.GetFileName(file).StartsWith('.'));

    /// <summary>Refuses what was replaced since its stamps were taken.</summary>
    /// <exception cref="ToolException">A file is gone or has another content; the message names it.</exception>
    public static void RequireUnchanged(IReadOnlyList<FileStamp> stamps, string of)
    {
        foreach (var stamp in stamps)
        {
            var info = new FileInfo(stamp.Path);
            if (!info.Exists) throw Changed("is gone");
            if (info.Length != stamp.Bytes) throw Changed("has changed");
            // A copy that is put back has another time and the same content.
            if (info.LastWriteTimeUtc.Ticks != stamp.Modified && ContentHash.OfFile(stamp.Path) != stamp.Sha256) throw Changed("has changed");

            ToolException Changed(string how) => new($"{stamp.Path} ({of}) {how} since the sweep was checked: put it back and resume with --retry-failed, or run the sweep under a new name");
        }
    }

    /// <summary>One hash for the content of all files; null where no stamps were taken.</summary>
    public static string? ContentOf(IReadOnlyList<FileStamp> stamps)
        => stamps.Count == 0 ? null : ContentHash.OfText(string.Join('\n', stamps.Select(stamp => $"{Path.GetFileName(stamp.Path)} {stamp.Sha256}")));
}
