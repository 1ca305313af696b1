using AlpacaCot.Files.Json;
using AlpacaCot.Kernels;
using AlpacaCot.Models.Quantisation;

namespace AlpacaCot.Models.Checkpoints;

/// <summary>
/// Weights that bitsandbytes quantised, out of the tensors that checkpoints hold them in. Four bits: <c>W</c> (codes, two a byte), <c>W.absmax</c>,
/// <c>W.quant_map</c>, with double quantisation <c>W.nested_absmax</c> and <c>W.nested_quant_map</c>, and <c>W.quant_state.bitsandbytes__nf4</c> (or
/// <c>__fp4</c>), JSON as bytes. Eight bits: <c>W</c>, <c>SCB</c> (the largest value of each row) and <c>weight_format</c> beside it.
/// </summary>
internal static class BitsAndBytes
{
    /// <summary>The name of the method in a configuration.</summary>
    public const string Method = "bitsandbytes";

    private const string State = ".quant_state.bitsandbytes__";
    private const int LargestState = 1 << 16;

    /// <summary>The tensors with each quantised weight as one, which can be loaded as any other or be taken as it is held.</summary>
    /// <exception cref="ModelException">Parts of a weight are missing or do not fit each other.</exception>
    public static IReadOnlyList<StoredTensor> Gather(IEnumerable<StoredTensor> tensors)
    {
        var all = tensors.ToList();
        var states = all.Where(tensor => tensor.Name.Contains(State, StringComparison.Ordinal)).ToList();
        var rows = all.Where(tensor => tensor.Name.EndsWith(".SCB", StringComparison.Ordinal)).ToList();
        if (states.Count + rows.Count == 0) return all;
        var byName = all.ToLookup(tensor => tensor.Name, StringComparer.Ordinal);
        var (gone, gathered) = (new HashSet<string>(StringComparer.Ordinal), new Dictionary<string, StoredTensor>(StringComparer.Ordinal));
        StoredTensor? Find(string name) => byName[name].FirstOrDefault();
        foreach (var state in states)
        {
            var name = state.Name[..state.Name.IndexOf(State, StringComparison.Ordinal)];
            gathered[name] = FourBits(name, state, Find);
            gone.UnionWith([state.Name, .. ((string[])["absmax", "quant_map", "nested_absmax", "nested_quant_map"]).Select(part => $"{name}.{part}")]);
        }
        foreach (var largest in rows)
        {
            var module = largest.Name[..^"SCB".Length];
            if (Find(module + "weight") is not { } codes) throw new ModelException($"{largest.Path}: {largest.Name} belongs to {module}weight, which is missing");
            gathered[codes.Name] = EightBits(codes, largest);
            gone.UnionWith([largest.Name, module + "weight_format"]);
        }
        return [.. all.Where(tensor => !gone.Contains(tensor.Name)).Select(tensor => gathered.GetValueOrDefault(tensor.Name, tensor))];
    }

    private static StoredTensor FourBits(string name, StoredTensor state, Func<string, StoredTensor?> find)
    {
        ModelException Bad(string cause) => new($"{state.Path}: {name}: {cause}");
        StoredTensor Part(string part) => find(part) ?? throw Bad($"{part} is missing, which {state.Name} needs");

        var (codes, absmax) = (Part(name), Part(name + ".absmax"));
        if (state.Type.Name != "U8" || state.Shape.Count != 1 || state.Shape[0] > LargestState) throw Bad($"{state.Name} is no JSON in bytes");
        var settings = Settings.Read(state.Bytes(), Bad);
        var code = state.Name[(state.Name.IndexOf(State, StringComparison.Ordinal) + State.Length)..] == FourBitCode.Fp4.Name ? FourBitCode.Fp4 : FourBitCode.Nf4;
        if (settings.QuantType != code.Name || !state.Name.EndsWith(code.Name, StringComparison.Ordinal)) throw Bad($"quant_type is '{settings.QuantType}' in {state.Name}; nf4 and fp4 are read");
        var (count, blocks) = (settings.Count, settings.Blocks);
        if (SafeTensorsHeader.ByteCount(name, codes.Type, codes.Shape) != (count + 1) / 2) throw Bad($"[{string.Join(", ", codes.Shape)}] {codes.Type} are no codes for {count} weights");
        if (find(name + ".quant_map") is { } map && !IsTable(map, code)) throw Bad($"quant_map is not the table of {code}");
        var doubled = find(name + ".nested_absmax");
        Expect(absmax, doubled is null ? "F32" : "U8", blocks, Bad);
        if (doubled is not null)
        {
            if (settings.NestedBlock is not > 0) throw Bad("nested_blocksize is missing or not positive");
            Expect(doubled, "F32", (blocks - 1) / settings.NestedBlock + 1, Bad);
            Expect(Part(name + ".nested_quant_map"), "F32", 256, Bad);
        }
        var nestedMap = doubled is null ? null : Part(name + ".nested_quant_map");

        FourBitWeight Held()
        {
            var scales = doubled is null
                ? new BlockScales(settings.Block, Floats(absmax))
                : new BlockScales(settings.Block, Floats(doubled), absmax.Bytes(), Floats(nestedMap!), settings.NestedBlock, settings.Offset);
            return new FourBitWeight(settings.Shape[0], settings.Shape[1], code, codes.Bytes(), scales);
        }
        return codes.Quantised(StoredType.Of(settings.Dtype), settings.Shape, new HeldWeight(FourBitWeight.StorageOf(code, doubled is not null), Held));
    }

    private static StoredTensor EightBits(StoredTensor codes, StoredTensor largest)
    {
        ModelException Bad(string cause) => new($"{codes.Path}: {codes.Name}: {cause}");
        if (codes.Type.Name != "I8" || codes.Shape.Count != 2) throw Bad($"[{string.Join(", ", codes.Shape)}] {codes.Type} are no codes of eight bits for {largest.Name}");
        Expect(largest, "F32", codes.Shape[0], Bad);
        // The reference computes in fp16 and stores no other type beside.
        return codes.Quantised(StoredType.Of(ScalarType.Float16), [.. codes.Shape], new HeldWeight(WeightStorage.LlmInt8, Held));

        Int8Weight Held() => new(codes.Copy(), Flat(largest), WeightStorage.LlmInt8);
    }

    private static Tensor Flat(StoredTensor tensor)
    {
        using var values = tensor.Copy();
        return values.flatten().clone().DetachFromDisposeScope();
    }

    private static void Expect(StoredTensor tensor, string type, long count, Func<string, ModelException> bad)
    {
        if (tensor.Type.Name != type || tensor.Shape.Aggregate((Int128)1, (product, size) => product * size) != count)
            throw bad($"{tensor.Name} is [{string.Join(", ", tensor.Shape)}] {tensor.Type}, {count} elements of {type} are expected");
    }

    private static float[] Floats(StoredTensor tensor)
    {
        using var values = tensor.Copy();
        return values.ToArray<float>();
    }

    private static bool IsTable(StoredTensor map, FourBitCode code)
    {
        if (map.Type.Name != "F32" || map.Shape is not [16]) return false;
        var values = Floats(map);
        for (var i = 0; i < values.Length; i++)
            if (!(Math.Abs(values[i] - code.Values[i]) <= 1e-6f)) return false;
        return true;
    }

    /// <summary>What the JSON of a four-bit weight says.</summary>
    private sealed record Settings(string QuantType, int Block, ScalarType Dtype, long[] Shape, int NestedBlock, float Offset)
    {
        public long Count => Shape[0] * Shape[1];

        public long Blocks => (Count - 1) / Block + 1;

        public static Settings Read(byte[] bytes, Func<string, ModelException> bad)
        {
            if (StrictJson.Check(bytes) is { } fault) throw bad($"its quant_state cannot be read: {fault}");
            try
            {
                var root = StrictJson.Parse(bytes, "quant_state");
                long[] shape = [.. root.GetProperty("shape").EnumerateArray().Select(size => size.GetInt64())];
                if (shape is not [> 0, > 0] || (Int128)shape[0] * shape[1] > int.MaxValue * (Int128)64) throw bad($"its shape is [{string.Join(", ", shape)}]");
                var block = root.GetProperty("blocksize").GetInt32();
                if (block < 2 || block % 2 != 0) throw bad($"blocksize is {block}");
                return new Settings(
                    root.GetProperty("quant_type").GetString() ?? "", block, Type(root.GetProperty("dtype").GetString(), bad), shape,
                    root.TryGetProperty("nested_blocksize", out var nested) ? nested.GetInt32() : 0,
                    root.TryGetProperty("nested_offset", out var offset) ? offset.GetSingle() : 0);
            }
            catch (Exception e) when (e is KeyNotFoundException or InvalidOperationException or FormatException)
            {
                throw bad("its quant_state cannot be read: it needs quant_type, blocksize, dtype and shape, of the types that bitsandbytes writes");
            }
        }

        private static ScalarType Type(string? name, Func<string, ModelException> bad) => name switch
        {
            "float32" => ScalarType.Float32,
            "float16" => ScalarType.Float16,
            "bfloat16" => ScalarType.BFloat16,
            _ => throw bad($"dtype is '{name}'"),
        };
    }
}
