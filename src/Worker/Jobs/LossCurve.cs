using System.Text.Json;
using AlpacaCot.Files;

namespace AlpacaCot.Worker.Jobs;

/// <summary>The losses of a member's steps, beside its adapter: <c>losses.json</c>, one number a step.</summary>
internal static class LossCurve
{
    /// <summary>The file's name.</summary>
    public const string File = "losses.json";

    /// <summary>Writes the curve whole or not at all.</summary>
    public static void Write(string folder, IReadOnlyList<double> losses)
        => AtomicFile.WriteAllText(Path.Combine(folder, File), JsonSerializer.Serialize(losses.Select(loss => Math.Round(loss, 6))));
}
