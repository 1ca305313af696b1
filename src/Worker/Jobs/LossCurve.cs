using System.Text.Json;

namespace AlpacaCot.Worker.Jobs;

/// <summary>The losses of a member's steps, beside its adapter: <c>losses.json</c>, one number a step.</summary>
internal static class LossCurve
{
    /// <summary>The file's name.</summary>
    public const string File = "losses.json";

    /// <summary>Writes the curve whole or not at all.</summary>
    public static void Write(string folder, IReadOnlyList<double> losses)
    {
        var partial = Path.Combine(folder, File + ".partial");
        System.IO.File.WriteAllText(partial, JsonSerializer.Serialize(losses.Select(loss => Math.Round(loss, 6))));
        System.IO.File.Move(partial, Path.Combine(folder, File), overwrite: true);
    }
}
