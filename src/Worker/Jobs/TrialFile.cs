using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using AlpacaCot.Files;
using AlpacaCot.Specs;
using AlpacaCot.Training;
using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Worker.Jobs;

/// <summary><c>trial.json</c> beside an adapter: what it was trained from, on what and how, with every default written out, so that the folder alone says what it is.</summary>
internal static class TrialFile
{
    /// <summary>The file's name.</summary>
    public const string Name = "trial.json";

    private static readonly JsonSerializerOptions _json = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes it into an adapter's folder.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="sweep">The sweep that it is of; empty where it is of none.</param>
    /// <param name="member">What was trained.</param>
    /// <param name="model">The base.</param>
    /// <param name="result">How it went.</param>
    public static void Write(string folder, string sweep, PackMember member, LoadedBase model, MemberResult result)
    {
        var file = new JsonObject
        {
            ["sweep"] = sweep.Length == 0 ? null : sweep, ["name"] = member.Name,
            ["model"] = new JsonObject { ["path"] = model.Path, ["load"] = model.Precision, ["content"] = model.Content },
        };
        foreach (var (key, value) in TrialSpecJson.Training(member.Method, member.Data, member.Training, member.Seed)) file[key] = value?.DeepClone();
        file["steps"] = result.Steps;
        // A loss may be no number: the file stays JSON.
        file["final_loss"] = result.Losses.Count > 0 && double.IsFinite(result.Losses[^1]) ? result.Losses[^1] : null;
        AtomicFile.WriteAllText(Path.Combine(folder, Name), file.ToJsonString(_json) + "\n");
    }
}
