using System.Globalization;
using AlpacaCot.Files;
using AlpacaCot.Specs;

namespace AlpacaCot.Worker.Jobs;

/// <summary>Checkpoints of an earlier fence, brought into the present one's folder: a worker that was fenced out may still write to the old one.</summary>
internal static class CarriedCheckpoints
{
    private const string Manifest = "manifest.json", Prefix = "step-";

    /// <summary>The hash of a checkpoint's manifest, which holds the hashes of all its other files.</summary>
    public static string HashOf(string folder) => ContentHash.OfFile(Path.Combine(folder, Manifest));

    /// <summary>
    /// Copies the accepted checkpoint, and those before it in case it is torn. A newer one was never accepted, and one that is not what was accepted is no longer the same training's:
    /// neither is brought.
    /// </summary>
    public static void Bring(CheckpointReference accepted, string target, Action<string> warn)
    {
        if (Path.GetDirectoryName(accepted.Uri) is not { } old || !Directory.Exists(old) || Path.GetFullPath(old) == Path.GetFullPath(target)) return;
        foreach (var folder in Directory.EnumerateDirectories(old, Prefix + "*"))
        {
            if (!long.TryParse(Path.GetFileName(folder)[Prefix.Length..], NumberStyles.None, CultureInfo.InvariantCulture, out var step) || step > accepted.Step) continue;
            if (step == accepted.Step && (!File.Exists(Path.Combine(folder, Manifest)) || HashOf(folder) != accepted.Sha256))
            {
                warn($"{folder}: passed over, it is not the checkpoint that was accepted");
                continue;
            }
            AtomicFile.WriteDirectory(Path.Combine(target, Path.GetFileName(folder)), to =>
            {
                foreach (var file in Directory.EnumerateFiles(folder)) File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
            });
        }
    }
}
