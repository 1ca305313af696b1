using System.Text.Json;

namespace AlpacaCot.Models.Checkpoints;

/// <summary>Weights in Hugging Face's layout.</summary>
internal static class HuggingFaceFiles
{
    private static readonly (string File, Func<string, TensorFile> Open)[] Forms = [("model.safetensors", SafeTensors.Open), ("pytorch_model.bin", TorchFile.Open)];

    /// <summary>The weight files of a directory, in the order of preference that transformers has; the index comes first where there is one.</summary>
    public static IReadOnlyList<string> Locate(string directory)
    {
        foreach (var (name, _) in Forms)
        {
            var single = Path.Combine(directory, name);
            if (File.Exists(single)) return [single];
            var index = single + ".index.json";
            if (File.Exists(index)) return [index, .. ReadIndex(index).Values.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).Select(shard => Path.Combine(directory, shard))];
        }
        throw new ModelException($"{directory}: holds no weights: {string.Join(", ", Forms.SelectMany(f => new[] { f.File, f.File + ".index.json" }))} are looked for");
    }

    public static Checkpoint Open(string directory)
    {
        var configFile = Path.Combine(directory, "config.json");
        var config = DecoderConfig.Read(File.ReadAllText(configFile), configFile);
        var located = Locate(directory);
        var sharded = located[0].EndsWith(".index.json", StringComparison.Ordinal);
        var files = new List<TensorFile>();
        try
        {
            foreach (var shard in sharded ? located.Skip(1) : located)
            {
                if (!File.Exists(shard)) throw new ModelException($"{located[0]}: the shard {Path.GetFileName(shard)} is missing");
                files.Add(shard.EndsWith(".safetensors", StringComparison.Ordinal) ? SafeTensors.Open(shard) : TorchFile.Open(shard));
            }
            if (sharded) CheckIndex(located[0], files);
            return new Checkpoint(directory, config, files.SelectMany(f => f.Tensors), files);
        }
        catch
        {
            foreach (var file in files) file.Dispose();
            throw;
        }
    }

    private static void CheckIndex(string index, List<TensorFile> files)
    {
        var wrong = ReadIndex(index).Where(entry => !files.Any(f => Path.GetFileName(f.Path) == entry.Value && f.TryGet(entry.Key, out _))).ToList();
        if (wrong.Count > 0) throw new ModelException($"{index}: {string.Join(", ", wrong.Take(8).Select(e => $"{e.Key} is not in {e.Value}"))}");
    }

    private static Dictionary<string, string> ReadIndex(string index)
    {
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(index));
            var map = json.RootElement.GetProperty("weight_map").EnumerateObject().ToDictionary(e => e.Name, e => e.Value.GetString()!, StringComparer.Ordinal);
            if (map.Count == 0 || map.Values.Any(shard => shard is null || Path.GetFileName(shard) != shard)) throw new ModelException($"{index}: weight_map must name files beside it");
            return map;
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or ArgumentException)
        {
            throw new ModelException($"{index}: has no valid weight_map: {e.Message}", e);
        }
    }
}
