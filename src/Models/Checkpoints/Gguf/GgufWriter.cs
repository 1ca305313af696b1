using System.Text;
using AlpacaCot.Files;
using AlpacaCot.Kernels;
using AlpacaCot.Models.Families;

namespace AlpacaCot.Models.Checkpoints.Gguf;

/// <summary>Writes a decoder as a GGUF file (version 3).</summary>
internal static class GgufWriter
{
    private const int Alignment = 32;

    private sealed record Entry(string Name, long[] Shape, GgufType Type, Func<Tensor> Value)
    {
        public long Bytes => Shape.Aggregate(1L, (product, size) => product * size) / Type.Elements * Type.Bytes;
    }

    /// <summary>Writes it.</summary>
    /// <param name="decoder">The model; of a family that has an architecture there.</param>
    /// <param name="path">The file; appears whole or not at all.</param>
    /// <param name="type">How matrices are stored; where their rows are no whole number of blocks, in a finer type. Vectors are fp32.</param>
    /// <param name="fileType">The format's number for <paramref name="type"/>.</param>
    /// <param name="tokenizer">Keys of the tokenizer.</param>
    /// <exception cref="ModelException">The family, or what its configuration asks for, has no place in the format.</exception>
    public static void Write(Decoder decoder, string path, GgufType type, uint fileType, IEnumerable<KeyValuePair<string, object>> tokenizer)
    {
        var config = decoder.Config;
        var architecture = GgufArchitecture.All.FirstOrDefault(known => known.Written.Contains(config.ModelType))
            ?? throw new ModelException($"{path}: a model of type {config.ModelType} is not written as GGUF; written are {string.Join(", ", GgufArchitecture.All.SelectMany(known => known.Written).Order(StringComparer.Ordinal))}");
        if (architecture.Obstacle(config) is { } obstacle) throw new ModelException($"{path}: the model does not go into a GGUF file of the architecture {architecture.Name}: {obstacle}");
        using var scope = torch.NewDisposeScope();
        using var still = torch.no_grad();
        List<Entry> entries =
        [
            .. architecture.WriteTables(config).Select(table => new Entry(table.Name, [table.Values.Length], GgufType.F32, () => torch.tensor(table.Values))),
            .. decoder.Parameters.SelectMany(parameter => Of(parameter.Key, parameter.Value, type, architecture, config)),
        ];
        KeyValuePair<string, object>[] keys =
        [
            new("general.architecture", architecture.Name), new("general.file_type", fileType), new("general.alignment", (uint)Alignment), .. architecture.Keys(config), .. tokenizer,
        ];
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

    private static IEnumerable<Entry> Of(string name, Tensor value, GgufType type, GgufArchitecture architecture, DecoderConfig config)
    {
        var (rule, block, end) = RuleOf(name, architecture) ?? RuleOf(ModelFamilies.Of(config).BasePrefix + name, architecture)
            ?? throw new ModelException($"the tensor '{name}' has no name in a GGUF file of the architecture {architecture.Name}");
        return rule.Write(value, config).Select(part => new Entry(
            GgufNames.Join(GgufNames.Blocks, block, part.Module, end), part.Shape, part.Shape.Length == 1 ? GgufType.F32 : Fitting(type, part.Shape[^1]), part.Value));
    }

    // Some files leave the first part of the names out.
    private static (GgufRule Rule, int? Block, string End)? RuleOf(string name, GgufArchitecture architecture)
    {
        var (block, module, end) = GgufNames.Parts(name, architecture.Blocks);
        return architecture.Rules.FirstOrDefault(rule => rule.Writes && rule.HuggingFace == module) is { } rule ? (rule, block, end) : null;
    }

    private static GgufType Fitting(GgufType type, long width)
        => width % type.Elements == 0 ? type : width % GgufType.Q8_0.Elements == 0 ? GgufType.Q8_0 : GgufType.F16;

    private static void Put(Stream stream, Entry entry)
    {
        var ordered = entry.Value().contiguous();
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
            writer.Write((uint)entry.Shape.Length);
            foreach (var size in entry.Shape.Reverse()) writer.Write((ulong)size);
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
