using System.Security.Cryptography;
using System.Text.Json;
using AlpacaCot.Files;

namespace AlpacaCot.Training.Checkpoints;

/// <summary>
/// <c>manifest.json</c> of a checkpoint: the pack's step, each member's, and the length and SHA-256 of every other file. It is
/// written last; a folder without it, or whose files do not agree with it, is no checkpoint.
/// </summary>
/// <param name="Format">Version of the format.</param>
/// <param name="Step">Steps of the pack that are done.</param>
/// <param name="Members">The members in their order.</param>
/// <param name="Files">The other files.</param>
internal sealed record CheckpointManifest(
    int Format, int Step, IReadOnlyList<MemberManifest> Members, IReadOnlyList<FileManifest> Files)
{
    public const string FileName = "manifest.json";

    public const int CurrentFormat = 2;

    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    public void Write(string folder) => File.WriteAllBytes(Path.Combine(folder, FileName), JsonSerializer.SerializeToUtf8Bytes(this, Json));

    /// <summary>Reads a checkpoint's manifest and compares every file with it; null and the reason where it is torn.</summary>
    public static (CheckpointManifest? Manifest, string? Fault) ReadAndVerify(string folder)
    {
        try
        {
            var manifest = JsonSerializer.Deserialize<CheckpointManifest>(File.ReadAllBytes(Path.Combine(folder, FileName)), Json);
            if (manifest is not { Members: not null, Files: not null } || manifest.Members.Any(member => member is not { Name: not null } || !IsPlain(member.File)) || manifest.Files.Any(file => !IsPlain(file?.Name)))
                return (null, $"{FileName} is incomplete");
            if (manifest.Format != CurrentFormat) return (null, $"format {manifest.Format} is not known");
            foreach (var file in manifest.Files)
                if (FileManifest.Of(folder, file.Name) != file) return (null, $"{file.Name} does not agree with the manifest");
            return (manifest, null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            return (null, e is JsonException ? $"{FileName} is damaged" : e.Message.ReplaceLineEndings(" "));
        }
    }

    // A checkpoint's files lie beside its manifest, and nowhere else.
    private static bool IsPlain(string? name) => name is not (null or "" or "." or "..") && !name.Contains('\0') && Path.GetFileName(name) == name;
}

/// <summary>A member in a checkpoint. The data cursor and the random numbers follow from the step and the seed.</summary>
/// <param name="Name">Its name.</param>
/// <param name="File">The file with its values, moments and history.</param>
/// <param name="Step">Its steps that are done.</param>
/// <param name="Seed">Its seed.</param>
/// <param name="Removed">Whether it left the pack.</param>
/// <param name="SettingsHash">Hash of everything that decides its numbers.</param>
internal sealed record MemberManifest(string Name, string File, int Step, ulong Seed, bool Removed, string SettingsHash);

/// <summary>A file in a checkpoint.</summary>
internal sealed record FileManifest(string Name, long Bytes, string Sha256)
{
    public static FileManifest Of(string folder, string name)
    {
        using var stream = RegularFile.OpenRead(Path.Combine(folder, name));
        return new FileManifest(name, stream.Length, Convert.ToHexStringLower(SHA256.HashData(stream)));
    }
}
