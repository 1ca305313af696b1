using AlpacaCot.Files;
using AlpacaCot.Kernels;

namespace AlpacaCot.Models.Checkpoints.Gguf;

/// <summary>llama.cpp's GGUF: one file with configuration, tokenizer and weights, which may be quantised in blocks.</summary>
internal static class GgufFile
{
    /// <summary>Whether a file begins as one.</summary>
    public static bool Recognises(string path)
    {
        var start = new byte[4];
        using var stream = RegularFile.OpenRead(path);
        return stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false) == start.Length && GgufHeader.Recognises(start);
    }

    /// <summary>Opens a file as a model; its tensors are mapped, and read when asked for.</summary>
    /// <exception cref="ModelException">It is damaged, or of an architecture that is not read.</exception>
    public static Checkpoint Open(string path)
    {
        var file = new MappedFile(path);
        try
        {
            var header = GgufHeader.Read(file);
            var architecture = ArchitectureOf(header);
            var config = DecoderConfig.Read(architecture.Config(new GgufKeys(file, header, architecture.Name)).ToJsonString(), path);
            return new Checkpoint(path, config, Tensors(file, header, architecture, config), [file]) { Dtype = config.Dtype };
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static GgufArchitecture ArchitectureOf(GgufHeader header)
    {
        var name = header.Text("general.architecture") ?? throw header.Error("general.architecture", "is missing");
        return GgufArchitecture.All.FirstOrDefault(known => known.Name == name)
            ?? throw header.Error("general.architecture", $"is '{name}'; read are {string.Join(", ", GgufArchitecture.All.Select(known => known.Name))}");
    }

    private static IEnumerable<StoredTensor> Tensors(MappedFile file, GgufHeader header, GgufArchitecture architecture, DecoderConfig config)
    {
        var stored = header.Tensors.Where(tensor => !architecture.Tables.Contains(tensor.Name)).ToDictionary(tensor => tensor.Name, tensor => Stored(file, tensor), StringComparer.Ordinal);
        foreach (var (name, tensor) in stored)
        {
            var (block, module, end) = GgufNames.Parts(name, GgufNames.Blocks);
            var begins = architecture.Rules.Where(rule => rule.Gguf[0] == module).ToList();
            foreach (var rule in begins)
            {
                StoredTensor[] parts = [.. rule.Gguf.Select(part => GgufNames.Join(GgufNames.Blocks, block, part, end)).Select(part => stored.GetValueOrDefault(part) ?? throw new ModelException($"{file.Path}: has no tensor '{part}'"))];
                yield return rule.Read(GgufNames.Join(architecture.Blocks, block, rule.HuggingFace, end), parts, config);
            }
            // What is a part of another one comes with it; what nobody knows is reported under its own name.
            if (begins.Count == 0 && !architecture.Rules.Any(rule => rule.Gguf.Contains(module) && stored.ContainsKey(GgufNames.Join(GgufNames.Blocks, block, rule.Gguf[0], end)))) yield return tensor;
        }
    }

    private static StoredTensor Stored(MappedFile file, GgufTensor tensor) => tensor.Type.Scalar is { } scalar
        ? new StoredTensor(tensor.Name, StoredType.Of(scalar), tensor.Shape, file, tensor.Offset)
        : new StoredTensor(tensor.Name, new StoredType(tensor.Type.Name, 32, ScalarType.Float32), tensor.Shape, file, tensor.Offset, () => Dequantised(file, tensor));

    private static unsafe Tensor Dequantised(MappedFile file, GgufTensor tensor)
    {
        var values = torch.empty([tensor.Elements], ScalarType.Float32);
        GgufBlocks.Dequantise(tensor.Type, file.Address(tensor.Offset, checked(tensor.Elements / tensor.Type.Elements * tensor.Type.Bytes)), tensor.Elements / tensor.Type.Elements, (nint)values.Pointer());
        return values;
    }
}
