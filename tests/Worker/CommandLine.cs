using System.Text.Json;
using System.Text.Json.Nodes;
using AlpacaCot.Specs;
using AlpacaCot.Specs.CommandLine;
using AlpacaCot.Worker.Protocol;
using AlpacaCot.Worker.Tools;

namespace AlpacaCot.Tests.Worker;

/// <summary>Asks tools as the command line does.</summary>
internal static class CommandLine
{
    /// <summary>Runs a tool with options as a command line has them: what a sweep file has too is read by the same readers.</summary>
    public static ToolRun Run(TinyPack pack, string tool, JsonObject given)
    {
        var options = given.DeepClone().AsObject();
        Dictionary<string, IReadOnlyList<string>> Take(Func<string, bool> keys)
        {
            var taken = options.Where(o => keys(o.Key) && o.Value is not null).ToDictionary(o => o.Key, o => (IReadOnlyList<string>)(o.Value is JsonArray many ? [.. many.Select(v => v!.ToString())] : [o.Value!.ToString()]), StringComparer.Ordinal);
            foreach (var key in taken.Keys) options.Remove(key);
            return taken;
        }
        JsonNode? Checked<T>(T record, IReadOnlyList<SpecError> remarks)
            => remarks.FirstOrDefault(r => r.Severity == SpecSeverity.Error) is { } error ? throw new ToolException(error.ToString()) : JsonSerializer.SerializeToNode(record, Frames.Json);
        if (tool == "train")
            options["training"] = Checked(TrainOptions.Read(Take(key => key is not ("model" or "out" or "threads" or "force")), File.Exists, out var remarks), remarks);
        if (tool is "generate" or "eval")
            options["decoding"] = Checked(AskingOptions.ReadDecoding(Take(key => AskingOptions.Decoding.Any(option => option.Key == key)), out var remarks), remarks);
        if (tool == "eval")
            options["evaluation"] = Checked(AskingOptions.ReadSuites(Take(key => key is "suite" or "limit" or "few_shot"), out var remarks), remarks);
        return pack.Ask(tool, options);
    }
}
