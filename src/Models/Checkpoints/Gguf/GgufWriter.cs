using System.Text;
using AlpacaCot.Files;
using AlpacaCot.Kernels;
using AlpacaCot.Models.Blocks;

namespace AlpacaCot.Models.Checkpoints.Gguf;

/// <summary>Writes a decoder as a GGUF file (version 3).</summary>
internal static class GgufWriter
{
    private const int Alignment = 32;

    private sealed record Entry(string Name, Tensor Value, GgufType Type, int PairedHeads)
    {
        public long Bytes => Value.numel() / Type.Elements * Type.Bytes;
    }

    /// <summary>Writes it.</summary>
    /// <param name="decoder">The model; of a family that has an architecture there.</param>
    /// <param name="path">The file; appears whole or not at all.</param>
    /// <param name="type">How matrices are stored; where their rows are no whole number of blocks, in a finer type. Vectors are fp32.</param>
    /// <param name="fileType">The format's number for <paramref name="type"/>.</param>
    /// <param name="tokenizer">Keys of the tokenizer.</param>
    /// <exception cref="ModelException">The family, its windows or its scaling have no place in the format.</exception>
    public static void Write(Decoder decoder, string path, GgufType type, uint fileType, IEnumerable<KeyValuePair<string, object>> tokenizer)
    {
        var config = decoder.Config;
        var architecture = GgufArchitecture.All.FirstOrDefault(known => known.ModelType == config.ModelType)
            ?? throw new ModelException($"{path}: a model of type {config.ModelType} is not written as GGUF; written are {string.Join(", ", GgufArchitecture.All.Select(known => known.ModelType))}");
        if (config.Windows.Count > 0) throw new ModelException($"{path}: the model's sliding window has no place in a GGUF file of the architecture {architecture.Name}");
        using var scope = torch.NewDisposeScope();
        using var still = torch.no_grad();
        var entries = decoder.Parameters.Select(parameter => Of(parameter.Key, parameter.Value, type, architecture, config)).ToList();
        if (FrequencyFactors(config) is { } factors) entries.Add(new Entry("rope_freqs.weight", factors, GgufType.F32, 0));
        KeyValuePair<string, object>[] keys = [.. Keys(config, architecture, fileType), .. tokenizer];
        var header = Header(keys, entries);
        AtomicFile.Write(path, stream =>
        {
            stream.Write(header);
            foreach (var entry in entries)
            {
                using var inner = torch.NewDisposeScope();
                Put(stream, entry);
                stream.Write(new byte[Padding(entry.Bytes)]);
            }
        });
    }

    private static Entry Of(string name, Tensor value, GgufType type, GgufArchitecture architecture, DecoderConfig config)
    {
        var gguf = GgufNames.ToGguf(name) ?? throw new ModelException($"the tensor '{name}' has no name in a GGUF file of the architecture {architecture.Name}");
        var heads = !architecture.PairedRows ? 0 : GgufNames.IsQuery(name) ? config.Heads : GgufNames.IsKey(name) ? config.KeyValueHeads : 0;
        return new Entry(gguf, value, value.dim() == 1 ? GgufType.F32 : Fitting(type, value.size(-1)), heads);
    }

    private static GgufType Fitting(GgufType type, long width)
        => width % type.Elements == 0 ? type : width % GgufType.Q8_0.Elements == 0 ? GgufType.Q8_0 : GgufType.F16;

    // Rows r and r + n/2 of a head become neighbours.
    private static Tensor Ordered(Entry entry) => entry.PairedHeads == 0
        ? entry.Value
        : entry.Value.view(entry.PairedHeads, 2, entry.Value.size(0) / entry.PairedHeads / 2, -1).transpose(1, 2).reshape(entry.Value.shape);

    private static void Put(Stream stream, Entry entry)
    {
        var ordered = Ordered(entry);
        if (entry.Type.Scalar is { } scalar)
        {
            TensorBytes.CopyTo(ordered.to(scalar), stream);
            return;
        }
        var plain = ordered.to(ScalarType.Float32).cpu().contiguous();
        // A row at a time bounds the memory; a row is a whole number of blocks.
        var width = (int)plain.size(-1);
        var values = plain.Span<float>();
        var rows = Math.Max(1, (1 << 20) / width);
        for (var at = 0; at < values.Length; at += rows * width) stream.Write(GgufQuantiser.Quantise(entry.Type, values.Slice(at, Math.Min(rows * width, values.Length - at))));
    }

    private static IEnumerable<KeyValuePair<string, object>> Keys(DecoderConfig config, GgufArchitecture architecture, uint fileType)
    {
        KeyValuePair<string, object> Key(string name, object value) => new($"{architecture.Name}.{name}", value);
        yield return new("general.architecture", architecture.Name);
        yield return new("general.file_type", fileType);
        yield return new("general.alignment", (uint)Alignment);
        yield return Key("context_length", (uint)config.MaxPositions);
        yield return Key("embedding_length", (uint)config.HiddenSize);
        yield return Key("block_count", (uint)config.Layers);
        yield return Key("feed_forward_length", (uint)config.IntermediateSize);
        yield return Key("attention.head_count", (uint)config.Heads);
        yield return Key("attention.head_count_kv", (uint)config.KeyValueHeads);
        yield return Key("attention.key_length", (uint)config.HeadDim);
        yield return Key("attention.value_length", (uint)config.HeadDim);
        yield return Key("attention.layer_norm_rms_epsilon", (float)config.NormEpsilon);
        yield return Key("rope.dimension_count", (uint)config.HeadDim);
        yield return Key("rope.freq_base", (float)config.Rotary.Theta);
        yield return Key("vocab_size", (uint)config.VocabularySize);
        var rotary = config.Rotary;
        if (rotary.Scaling is RotaryScaling.Linear or RotaryScaling.Yarn)
        {
            yield return Key("rope.scaling.type", rotary.Scaling == RotaryScaling.Linear ? "linear" : "yarn");
            yield return Key("rope.scaling.factor", (float)rotary.Factor);
            yield return Key("rope.scaling.original_context_length", (uint)rotary.OriginalMaxPositions);
        }
        else if (rotary.Scaling == RotaryScaling.Dynamic) throw new ModelException("dynamic rotary scaling has no place in a GGUF file");
    }

    private static Tensor? FrequencyFactors(DecoderConfig config)
    {
        if (config.Rotary.Scaling != RotaryScaling.Llama3) return null;
        var plain = RotaryFrequencies.Compute(config.Rotary with { Scaling = RotaryScaling.None }, config.HeadDim, 0);
        return torch.tensor([.. plain.Zip(RotaryFrequencies.Compute(config.Rotary, config.HeadDim, 0), (a, b) => a / b)]);
    }

    private static byte[] Header(KeyValuePair<string, object>[] keys, List<Entry> entries)
    {
        using var bytes = new MemoryStream();
        using var writer = new BinaryWriter(bytes);   // little-endian whatever the machine
        writer.Write("GGUF"u8);
        writer.Write(3u);
        writer.Write((ulong)entries.Count);
        writer.Write((ulong)keys.Length);
        foreach (var (key, value) in keys)
        {
            Text(writer, key);
            Value(writer, value);
        }
        long offset = 0;
        foreach (var entry in entries)
        {
            Text(writer, entry.Name);
            writer.Write((uint)entry.Value.dim());
            foreach (var size in entry.Value.shape.Reverse()) writer.Write((ulong)size);
            writer.Write(entry.Type.Id);
            writer.Write((ulong)offset);
            offset += entry.Bytes + Padding(entry.Bytes);
        }
        writer.Write(new byte[Padding(bytes.Length)]);
        return bytes.ToArray();
    }

    private static int Padding(long length) => (int)((Alignment - length % Alignment) % Alignment);

    private static void Text(BinaryWriter writer, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        writer.Write((ulong)bytes.Length);
        writer.Write(bytes);
    }

    private static void Value(BinaryWriter writer, object value)
    {
        switch (value)
        {
            case uint number: writer.Write(4u); writer.Write(number); break;
            case float number: writer.Write(6u); writer.Write(number); break;
            case bool flag: writer.Write(7u); writer.Write(flag); break;
            case string text: writer.Write(8u); Text(writer, text); break;
            case IReadOnlyList<string> texts: List(writer, 8, texts, text => Text(writer, text)); break;
            case IReadOnlyList<int> numbers: List(writer, 5, numbers, writer.Write); break;
            case IReadOnlyList<float> numbers: List(writer, 6, numbers, writer.Write); break;
            default: throw new ArgumentException($"a value of type {value.GetType()} is not written", nameof(value));
        }
    }

    private static void List<T>(BinaryWriter writer, uint type, IReadOnlyList<T> values, Action<T> write)
    {
        writer.Write(9u);
        writer.Write(type);
        writer.Write((ulong)values.Count);
        foreach (var value in values) write(value);
    }
}
