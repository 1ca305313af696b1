using System.Text.Json.Nodes;
using AlpacaCot.Models.Blocks;
using AlpacaCot.Models.Families;

namespace AlpacaCot.Models.Checkpoints.Gguf;

/// <summary>Scaling of rotary frequencies as GGUF files hold it: linear and YaRN by keys, Llama 3's as a divisor for each frequency.</summary>
internal static class GgufRotary
{
    /// <summary>The tensor of Llama 3's divisors.</summary>
    public const string Divisors = "rope_freqs.weight";

    // The settings of the released models (3.1 and 3.3, 3.2): the file holds what they come to alone.
    private static readonly double[] Llama3Factors = [8, 32];

    /// <summary>Whether a scaling has a place in a file.</summary>
    public static bool CanWrite(RotarySettings rotary) => rotary.Scaling is RotaryScaling.None or RotaryScaling.Linear or RotaryScaling.Yarn or RotaryScaling.Llama3;

    /// <summary>The <c>rope_scaling</c> of a <c>config.json</c>; null where nothing is scaled.</summary>
    public static JsonObject? Read(GgufKeys keys, int headDim)
    {
        if (keys.Numbers(Divisors, headDim / 2) is { } given) return Llama3(keys, given, headDim);
        var kind = keys.Text("rope.scaling.type") ?? "none";
        if (kind == "none") return null;
        if (kind is not ("linear" or "yarn")) throw keys.Error("rope.scaling.type", $"is '{kind}'; read are none, linear and yarn");
        var scaling = new JsonObject { ["rope_type"] = kind, ["factor"] = keys.Real("rope.scaling.factor") ?? throw keys.Error("rope.scaling.factor", "is missing") };
        if (keys.Integer("rope.scaling.original_context_length") is { } original) scaling["original_max_position_embeddings"] = original;
        return scaling;
    }

    /// <summary>The keys of a scaling.</summary>
    public static IEnumerable<KeyValuePair<string, object>> Keys(RotarySettings rotary) => rotary.Scaling is RotaryScaling.Linear or RotaryScaling.Yarn
        ?
        [
            new("rope.scaling.type", rotary.Scaling == RotaryScaling.Linear ? "linear" : "yarn"), new("rope.scaling.factor", (float)rotary.Factor),
            new("rope.scaling.original_context_length", (uint)rotary.OriginalMaxPositions),
        ]
        : [];

    /// <summary>Llama 3's divisors; null where the scaling is another.</summary>
    public static float[]? DivisorsOf(DecoderConfig config)
    {
        if (config.Rotary.Scaling != RotaryScaling.Llama3) return null;
        var plain = RotaryFrequencies.Compute(config.Rotary with { Scaling = RotaryScaling.None }, config.HeadDim, 0);
        return [.. plain.Zip(RotaryFrequencies.Compute(config.Rotary, config.HeadDim, 0), (a, b) => a / b)];
    }

    private static JsonObject Llama3(GgufKeys keys, float[] given, int headDim)
    {
        var plain = new RotarySettings { Theta = keys.Real("rope.freq_base") ?? 10000 };
        foreach (var factor in Llama3Factors)
        {
            var settings = plain with { Scaling = RotaryScaling.Llama3, Factor = factor, OriginalMaxPositions = 8192 };
            var expected = RotaryFrequencies.Compute(plain, headDim, 0).Zip(RotaryFrequencies.Compute(settings, headDim, 0), (a, b) => a / b);
            if (expected.Zip(given).All(pair => Math.Abs(pair.First - pair.Second) <= 1e-3 * pair.First)) return RotaryKeys.Write(settings)!;
        }
        throw new ModelException($"{keys.Path}: {Divisors} are not those of Llama 3.1, 3.2 or 3.3, and others are not read");
    }
}
