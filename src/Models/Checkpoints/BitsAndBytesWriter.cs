using System.Text;
using System.Text.Json.Nodes;
using AlpacaCot.Kernels;
using AlpacaCot.Models.Families;
using AlpacaCot.Models.Quantisation;

namespace AlpacaCot.Models.Checkpoints;

/// <summary>Writes weights in few bits as <see cref="BitsAndBytes"/> reads them, and what a <c>config.json</c> says of them.</summary>
internal static class BitsAndBytesWriter
{
    /// <summary>The tensors that a file holds one weight in; new ones belong to the caller's scope.</summary>
    /// <param name="name">The weight's name.</param>
    /// <param name="weight">The weight.</param>
    /// <param name="dtype">Type that it is computed in.</param>
    public static IEnumerable<KeyValuePair<string, Tensor>> Parts(string name, QuantisedWeight weight, ScalarType dtype) => weight switch
    {
        Int8Weight codes => EightBits(name[..^"weight".Length], codes),
        FourBitWeight codes => FourBits(name, codes, dtype),
        _ => throw new InvalidOperationException($"{weight.Storage} has no form in a file"),
    };

    /// <summary>The value of <c>quantization_config</c>, with the fields that transformers writes.</summary>
    public static JsonObject Settings(WeightStorage storage, ScalarType dtype)
    {
        var eight = storage is WeightStorage.Int8 or WeightStorage.LlmInt8 or WeightStorage.W8A8;
        return new JsonObject
        {
            ["bnb_4bit_compute_dtype"] = ConfigKeys.NameOf(dtype),
            ["bnb_4bit_quant_storage"] = "uint8",
            ["bnb_4bit_quant_type"] = storage is WeightStorage.Fp4 or WeightStorage.Fp4Single ? FourBitCode.Fp4.Name : FourBitCode.Nf4.Name,
            ["bnb_4bit_use_double_quant"] = storage is WeightStorage.Nf4 or WeightStorage.Fp4,
            ["llm_int8_enable_fp32_cpu_offload"] = false,
            ["llm_int8_has_fp16_weight"] = false,
            ["llm_int8_skip_modules"] = null,
            ["llm_int8_threshold"] = Int8Weight.Threshold,
            ["load_in_4bit"] = !eight,
            ["load_in_8bit"] = eight,
            ["quant_method"] = BitsAndBytes.Method,
        };
    }

    private static IEnumerable<KeyValuePair<string, Tensor>> EightBits(string module, Int8Weight weight) =>
    [
        new(module + "weight", weight.Codes),
        new(module + "SCB", weight.Largest),
        new(module + "weight_format", torch.zeros([], ScalarType.Byte)),   // codes row by row
    ];

    private static IEnumerable<KeyValuePair<string, Tensor>> FourBits(string name, FourBitWeight weight, ScalarType dtype)
    {
        var (code, scales) = (weight.Storage is WeightStorage.Fp4 or WeightStorage.Fp4Single ? FourBitCode.Fp4 : FourBitCode.Nf4, weight.Scales);
        var state = new JsonObject
        {
            ["quant_type"] = code.Name, ["blocksize"] = scales.Block, ["dtype"] = ConfigKeys.NameOf(dtype), ["shape"] = new JsonArray(weight.Out, weight.In),
        };
        yield return new(name, torch.tensor(weight.Packed.ToArray()).unsqueeze(1));
        yield return new(name + ".quant_map", torch.tensor(code.Values.ToArray()));
        if (scales.Codes is null) yield return new(name + ".absmax", torch.tensor(scales.Largest));
        else
        {
            yield return new(name + ".absmax", torch.tensor(scales.Codes));
            yield return new(name + ".nested_absmax", torch.tensor(scales.Largest));
            yield return new(name + ".nested_quant_map", torch.tensor(scales.Map!));
            (state["nested_blocksize"], state["nested_dtype"], state["nested_offset"]) = (scales.NestedBlock, "float32", scales.Offset);
        }
        yield return new($"{name}.quant_state.bitsandbytes__{code.Name}", torch.tensor(Encoding.UTF8.GetBytes(state.ToJsonString())));
    }
}
