using System.Text.Json;
using AlpacaCot.Files;
using AlpacaCot.Models.Families;

namespace AlpacaCot.Models.Checkpoints;

/// <summary>Weights in Hugging Face's layout.</summary>
internal static class HuggingFaceFiles
{
    private const string GenerationConfigName = "generation_config.json";

    /// <summary>Bytes of the largest index: some hundred for a tensor, and a tenth of a million tensors in the largest published model.</summary>
    private const int LargestIndex = 64 << 20;

    private static readonly (string File, Func<string, TensorFile> Open)[] Forms = [("model.safetensors", SafeTensors.Open), ("pytorch_model.bin", TorchFile.Open)];

    /// <summary>
    /// The weight files of a directory, in the order of preference that transformers has; the index comes first where there is one. Shards without an
    /// index are taken where they are one whole set.
    /// </summary>
    public static IReadOnlyList<string> Locate(string directory)
    {
        foreach (var (name, _) in Forms)
        {
            var single = Path.Combine(directory, name);
            if (File.Exists(single)) return [single];
            var index = single + ".index.json";
            if (File.Exists(index)) return [index, .. ReadIndex(index).Values.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).Select(shard => Path.Combine(directory, shard))];
        }
        foreach (var (name, _) in Forms)
            if (ShardSets.In(directory, name) is { Count: > 0 } sets) return sets is [{ IsWhole: true } only] ? only.Files : throw ShardSets.Unclear(directory, name, sets);
        throw new ModelException($"{directory}: holds no weights: {string.Join(", ", Forms.SelectMany(f => new[] { f.File, f.File + ".index.json" }))} are looked for");
    }

    /// <summary>The directory's <c>generation_config.json</c>, or nothing.</summary>
    public static IEnumerable<string> GenerationConfig(string directory)
        => Path.Combine(directory, GenerationConfigName) is var file && File.Exists(file) ? [file] : [];

    public static Checkpoint Open(string directory)
    {
        var config = DecoderConfig.Load(Path.Combine(directory, "config.json"));
        foreach (var file in GenerationConfig(directory))
            config = config with { EosTokenIds = [.. config.EosTokenIds.Union(ConfigKeys.Parse(JsonText.Read(file), file).Ids("eos_token_id"))] };
        var located = Locate(directory);
        var indexed = located[0].EndsWith(".index.json", StringComparison.Ordinal);
        var shards = indexed ? [.. located.Skip(1)] : located;
        if (shards.Where(shard => !File.Exists(shard)).ToList() is { Count: > 0 } missing) throw Stale(directory, located[0], shards, missing);
        var files = new List<TensorFile>();
        try
        {
            foreach (var shard in shards) files.Add(shard.EndsWith(".safetensors", StringComparison.Ordinal) ? SafeTensors.Open(shard) : TorchFile.Open(shard));
            if (indexed) CheckIndex(located[0], files);
            return new Checkpoint(directory, config, BitsAndBytes.Gather(files.SelectMany(f => f.Tensors)), files);
        }
        catch
        {
            foreach (var file in files) file.Dispose();
            throw;
        }
    }

    // An index may be older than the shards beside it (the model was saved again with another limit of size), or some may not be there yet.
    private static ModelException Stale(string directory, string index, IReadOnlyList<string> named, List<string> missing)
    {
        var form = Forms.First(f => index.EndsWith(f.File + ".index.json", StringComparison.Ordinal)).File;
        var others = ShardSets.In(directory, form).SelectMany(set => set.Files).Except(named, StringComparer.Ordinal).ToList();
        return new ModelException(others.Count > 0
            ? $"{index}: is stale: it names {ShardSets.List(missing)}, which {(missing.Count == 1 ? "is" : "are")} missing, while {ShardSets.List(others)} lie there; "
                + "remove the index where those are a whole set, or fetch the one that belongs to them"
            : $"{index}: {(missing.Count == 1 ? "the shard" : "the shards")} {ShardSets.List(missing)} {(missing.Count == 1 ? "is" : "are")} missing"
                + $"{(missing.Count < named.Count ? $"; {ShardSets.List([.. named.Except(missing, StringComparer.Ordinal)])} lie there" : "")} (is the download complete?)");
    }

    private static void CheckIndex(string index, List<TensorFile> files)
    {
        var byName = files.ToDictionary(f => Path.GetFileName(f.Path), StringComparer.Ordinal);
        var wrong = ReadIndex(index).Where(entry => !byName[entry.Value].TryGet(entry.Key, out _)).ToList();
        if (wrong.Count > 0) throw new ModelException($"{index}: {string.Join(", ", wrong.Take(8).Select(e => $"{e.Key} is not in {e.Value}"))}");
    }

    private static Dictionary<string, string> ReadIndex(string index)
    {
        JsonElement root;
        try
        {
            root = FileText.ReadJson(index, LargestIndex);
        }
        catch (InvalidDataException e)
        {
            throw new ModelException(e.Message, e);
        }
        if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("weight_map", out var entries) || entries.ValueKind != JsonValueKind.Object)
            throw new ModelException($"{index}: has no weight_map, an object of tensors and their files");
        var map = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var entry in entries.EnumerateObject())
            map.Add(entry.Name, entry.Value.ValueKind == JsonValueKind.String && entry.Value.GetString()! is var shard && IsPlainName(shard) ? shard : throw Unplaced(index));
        return map.Count > 0 ? map : throw Unplaced(index);

        static bool IsPlainName(string shard) => shard is not ("" or "." or "..") && !shard.Contains('\0') && Path.GetFileName(shard) == shard;
    }

    private static ModelException Unplaced(string index) => new($"{index}: weight_map must name files beside it");
}
