using System.Text.Json.Nodes;

namespace AlpacaCot.Models.Families;

/// <summary>Reads the rotary keys of a <c>config.json</c> in their three forms: none, <c>rope_scaling</c> (key <c>type</c> or <c>rope_type</c>), <c>rope_parameters</c>.</summary>
internal static class RotaryKeys
{
    /// <param name="keys">The <c>config.json</c>.</param>
    /// <param name="maxPositions">Longest sequence.</param>
    /// <param name="olderName">Another name that the family has for <c>rope_theta</c>.</param>
    public static RotarySettings Read(ConfigKeys keys, int maxPositions, string olderName = "rope_theta")
    {
        var nested = Nested(keys);
        var theta = nested?.OptionalReal("rope_theta") ?? keys.Real(keys.First(olderName, "rope_theta"), 10000);
        if (theta <= 0) throw keys.Error("rope_theta", "must be positive");
        var kind = nested?.OptionalText("rope_type") ?? nested?.OptionalText("type") ?? "default";
        if (nested is null || kind == "default") return new RotarySettings { Theta = theta };

        var factor = nested.Real("factor");
        if (factor <= 0) throw nested.Error("factor", "must be positive");
        var settings = new RotarySettings
        {
            Theta = theta,
            Factor = factor,
            OriginalMaxPositions = nested.OptionalCount("original_max_position_embeddings") ?? keys.Count("original_max_position_embeddings", maxPositions),
        };
        return kind switch
        {
            "linear" => settings with { Scaling = RotaryScaling.Linear },
            "dynamic" => settings with { Scaling = RotaryScaling.Dynamic, OriginalMaxPositions = maxPositions },
            "llama3" => settings with
            {
                Scaling = RotaryScaling.Llama3,
                LowFrequencyFactor = nested.Real("low_freq_factor"),
                HighFrequencyFactor = nested.Real("high_freq_factor"),
            },
            "yarn" => Yarn(nested, settings),
            _ => throw nested.Error("rope_type", $"is '{kind}'; known are default, linear, dynamic, llama3, yarn"),
        };
    }

    /// <summary>How many dimensions of a head are rotated; null for all.</summary>
    /// <param name="keys">The <c>config.json</c>.</param>
    /// <param name="headDim">Width of a head.</param>
    /// <param name="share">The share where no key tells it; null where the family rotates all.</param>
    /// <param name="olderName">Another name that the family has for <c>partial_rotary_factor</c>.</param>
    public static int? Width(ConfigKeys keys, int headDim, double? share, string olderName = "partial_rotary_factor")
    {
        var given = Nested(keys)?.OptionalReal("partial_rotary_factor") ?? keys.OptionalReal(keys.First(olderName, "partial_rotary_factor"));
        if (share is null) return given is null or 1 ? null : throw keys.Error("partial_rotary_factor", "is not supported in this family");
        var width = (int)(headDim * (given ?? share.Value));
        if (width < 2 || width > headDim || width % 2 != 0) throw keys.Error(keys.First(olderName, "partial_rotary_factor"), $"rotates {width} of a head's {headDim} dimensions; an even number of them is needed");
        return width;
    }

    private static ConfigKeys? Nested(ConfigKeys keys) => keys.Object("rope_parameters") ?? keys.Object("rope_scaling");

    /// <summary>The <c>rope_scaling</c> object; null where nothing is scaled.</summary>
    public static JsonObject? Write(RotarySettings s) => s.Scaling switch
    {
        RotaryScaling.None => null,
        RotaryScaling.Linear => new JsonObject { ["rope_type"] = "linear", ["factor"] = s.Factor },
        RotaryScaling.Dynamic => new JsonObject { ["rope_type"] = "dynamic", ["factor"] = s.Factor },
        RotaryScaling.Llama3 => new JsonObject
        {
            ["rope_type"] = "llama3",
            ["factor"] = s.Factor,
            ["original_max_position_embeddings"] = s.OriginalMaxPositions,
            ["low_freq_factor"] = s.LowFrequencyFactor,
            ["high_freq_factor"] = s.HighFrequencyFactor,
        },
        _ => new JsonObject
        {
            ["rope_type"] = "yarn",
            ["factor"] = s.Factor,
            ["original_max_position_embeddings"] = s.OriginalMaxPositions,
            ["beta_fast"] = s.BetaFast,
            ["beta_slow"] = s.BetaSlow,
            ["attention_factor"] = s.AttentionFactor,
        },
    };

    private static RotarySettings Yarn(ConfigKeys nested, RotarySettings settings)
    {
        // mscale / mscale_all_dim (DeepSeek) replace the plain attention factor where both are given.
        double Scale(double multiplier) => settings.Factor <= 1 ? 1 : 0.1 * multiplier * Math.Log(settings.Factor) + 1;
        var attention = nested.OptionalReal("attention_factor")
            ?? (nested.OptionalReal("mscale") is { } scale && nested.OptionalReal("mscale_all_dim") is { } all && scale != 0 && all != 0
                ? Scale(scale) / Scale(all)
                : Scale(1));
        return settings with
        {
            Scaling = RotaryScaling.Yarn,
            BetaFast = nested.Real("beta_fast", 32),
            BetaSlow = nested.Real("beta_slow", 1),
            AttentionFactor = attention,
        };
    }
}
