using System.Text.Json.Nodes;
using AlpacaCot.Files;
using AlpacaCot.Kernels;
using AlpacaCot.Models.Checkpoints;
using AlpacaCot.Models.Families;
using AlpacaCot.Models.Quantisation;

namespace AlpacaCot.Models;

/// <summary>How a model is loaded.</summary>
/// <param name="Dtype">Type of the weights; as stored where null, and then mapped without a copy.</param>
/// <param name="Device">Where they shall live; the processor where null.</param>
/// <param name="Storage">How the weights of the blocks' projections are held; where null, as the files hold them if no type is asked for either, else plain.</param>
public sealed record LoadOptions(ScalarType? Dtype = null, Device? Device = null, WeightStorage? Storage = null);

/// <summary>Model directories in Hugging Face's layout, and the layouts that are read into it.</summary>
public static class ModelDirectory
{
    /// <summary>The <c>model_type</c>s that can be loaded, in order.</summary>
    public static IReadOnlyList<string> ModelTypes => ModelFamilies.ModelTypes;

    /// <summary>
    /// Loads a model: a Hugging Face directory (<c>config.json</c> with safetensors or torch files, sharded or not), Meta's layout, llama2.c's <c>.bin</c>,
    /// or llama.cpp's <c>.gguf</c> (whose quantised blocks become fp32, or the type that is asked for).
    /// </summary>
    /// <remarks>
    /// Every weight is looked at once while it is loaded: one that is NaN or infinite is refused by name. The pass reads what the first
    /// forward pass would read from the disk anyway.
    /// </remarks>
    /// <exception cref="ModelException">No model there, an unknown family, damaged files, values that are not finite, or weights that do not fit the configuration (all that do not, at once).</exception>
    public static Decoder Load(string path, LoadOptions? options = null)
    {
        options ??= new LoadOptions();
        using var checkpoint = Checkpoint.Open(path);
        var held = checkpoint.Storage;
        var asHeld = held is not null && (options.Storage == held || (options.Storage is null && options.Dtype is null));
        var source = new CheckpointSource(checkpoint, ModelFamilies.Of(checkpoint.Config), options.Dtype ?? checkpoint.Dtype, options.Device ?? CPU, asHeld);
        return Decoder.Build(checkpoint.Config, source, (family, parameters) =>
        {
            source.Finish(family, checkpoint.Config);
            return source.Remarks(family, checkpoint.Config, parameters);
        }, asHeld ? WeightStorage.Plain : options.Storage ?? WeightStorage.Plain);
    }

    /// <summary>The architecture of a model in any form that can be loaded, without its weights.</summary>
    /// <exception cref="ModelException">As <see cref="Load"/>.</exception>
    public static DecoderConfig ReadConfig(string path)
    {
        using var checkpoint = Checkpoint.Open(path);
        return checkpoint.Config;
    }

    /// <summary>
    /// Saves a model as a Hugging Face directory: <c>config.json</c>, <c>generation_config.json</c> and <c>model.safetensors</c>, or shards with an index
    /// beyond <paramref name="maxShardBytes"/>. An existing directory keeps its other files; each file appears whole or not at all, the configuration last.
    /// </summary>
    /// <param name="decoder">The model.</param>
    /// <param name="path">The directory.</param>
    /// <param name="dtype">Type to store; as it is where null.</param>
    /// <param name="maxShardBytes">Most bytes of one file (a larger tensor has a file of its own).</param>
    /// <param name="storage">How the weights of the blocks' projections are stored: in bitsandbytes' form where that is in few bits; as they are held where null.</param>
    /// <exception cref="ModelException">A file cannot be written, or the weights are held in another form with few bits.</exception>
    public static void Save(Decoder decoder, string path, ScalarType? dtype = null, long maxShardBytes = 5_000_000_000, WeightStorage? storage = null)
    {
        ArgumentNullException.ThrowIfNull(decoder);
        var form = storage ?? decoder.Storage;
        if (decoder.Storage != WeightStorage.Plain && form != decoder.Storage) throw new ModelException($"{path}: a base that is held as {decoder.Storage} is not saved as {form}: load the model in the type that it is computed in");
        var config = decoder.Config with { Dtype = dtype ?? decoder.Dtype };
        var shards = Shards(Weights(decoder, dtype, form), maxShardBytes);
        try
        {
            Directory.CreateDirectory(path);
            var map = new JsonObject();
            long total = 0;
            for (var i = 0; i < shards.Count; i++)
            {
                var file = shards.Count == 1 ? "model.safetensors" : $"model-{i + 1:D5}-of-{shards.Count:D5}.safetensors";
                using var scope = torch.NewDisposeScope();
                var tensors = shards[i].SelectMany(tensors => tensors()).ToList();
                SafeTensors.Write(Path.Combine(path, file), tensors);
                foreach (var (name, tensor) in tensors)
                {
                    map[name] = file;
                    total += tensor.Bytes();
                }
            }
            if (shards.Count > 1)
            {
                var index = new JsonObject { ["metadata"] = new JsonObject { ["total_size"] = total }, ["weight_map"] = map };
                AtomicFile.WriteAllText(Path.Combine(path, "model.safetensors.index.json"), index.ToJsonString(JsonText.Indented));
            }
            AtomicFile.WriteAllText(Path.Combine(path, "generation_config.json"), GenerationConfig(config).ToJsonString(JsonText.Indented));
            AtomicFile.WriteAllText(Path.Combine(path, "config.json"), config.Write(form == WeightStorage.Plain ? null : BitsAndBytesWriter.Settings(form, config.Dtype)));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ModelException($"{path}: cannot be written: {e.Message}", e);
        }
    }

    // One weight after the other, each made when its file is written.
    private static IEnumerable<(long Bytes, Func<IEnumerable<KeyValuePair<string, Tensor>>> Tensors)> Weights(Decoder decoder, ScalarType? dtype, WeightStorage form)
    {
        var few = form == WeightStorage.Plain ? [] : decoder.Projections.ToDictionary(site => NameOf(decoder, site), StringComparer.Ordinal);
        foreach (var (name, value) in decoder.Parameters)
            if (!few.ContainsKey(name))
                yield return (value.numel() * (dtype ?? value.dtype).Size(), () => [new(name, dtype is { } type ? value.detach().to(type) : value)]);
        foreach (var (name, site) in few)
            yield return ((long)site.Weights.Out * site.Weights.In, () =>
            {
                if (site.Weights is QuantisedProjection held) return BitsAndBytesWriter.Parts(name, held.Held, dtype ?? decoder.Dtype);
                using var quantised = QuantisedWeight.Of(site.Weights.Dequantise(), form);
                return [.. BitsAndBytesWriter.Parts(name, quantised, dtype ?? decoder.Dtype).Select(part => KeyValuePair.Create(part.Key, part.Value.clone()))];
            });
    }

    // Some files leave the first part of a path out.
    private static string NameOf(Decoder decoder, ProjectionSite site)
    {
        var whole = site.Path + ".weight";
        return decoder.Parameters.ContainsKey(whole) ? whole : decoder.Parameters.Keys.FirstOrDefault(name => whole.EndsWith("." + name, StringComparison.Ordinal)) ?? whole;
    }

    private static JsonObject GenerationConfig(DecoderConfig config)
    {
        var json = new JsonObject();
        if (config.BosTokenId is { } bos) json["bos_token_id"] = bos;
        if (config.EosTokenIds.Count == 1) json["eos_token_id"] = config.EosTokenIds[0];
        else if (config.EosTokenIds.Count > 1) json["eos_token_id"] = new JsonArray([.. config.EosTokenIds.Select(id => (JsonNode)id)]);
        if (config.PadTokenId is { } pad) json["pad_token_id"] = pad;
        return json;
    }

    private static List<List<T>> Shards<T>(IEnumerable<(long Bytes, T Weight)> weights, long maxShardBytes)
    {
        var shards = new List<List<T>> { new() };
        long bytes = 0;
        foreach (var (size, weight) in weights)
        {
            if (bytes > 0 && bytes + size > maxShardBytes)
            {
                shards.Add([]);
                bytes = 0;
            }
            shards[^1].Add(weight);
            bytes += size;
        }
        return shards;
    }
}
