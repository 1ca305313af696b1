using System.Text.Json.Nodes;

namespace AlpacaCot.Models.Families;

/// <summary>Reads the rotary keys of a <c>config.json</c> in their three forms: none, <c>rope_scaling</c> (key <c>type</c> or <c>rope_type</c>), <c>rope_parameters</c>.</summary>
internal static class RotaryKeys
{
    /// <param name="keys">The <c>config.json</c>.</param>
    /// <param name="maxPositions">Longest sequence.</param>
    /// <param name="headDim">Width of a head.</param>
    /// <param name="share">The share of a head that is rotated where no key tells it; null where the family rotates all.</param>
    /// <param name="olderTheta">Another name that the family has for <c>rope_theta</c>.</param>
    /// <param name="olderShare">Another name that the family has for <c>partial_rotary_factor</c>.</param>
    public static RotarySettings Read(ConfigKeys keys, int maxPositions, int headDim, double? share, string olderTheta = "rope_theta", string olderShare = "partial_rotary_factor")
    {
        var width = Width(keys, headDim, share, olderShare);
        return Scaled(keys, maxPositions, olderTheta, (width ?? headDim) / 2) with { Width = width };
    }

    private static RotarySettings Scaled(ConfigKeys keys, int maxPositions, string olderName, int frequencies)
    {
        var nested = Nested(keys);
        var theta = nested?.OptionalReal("rope_theta") ?? keys.Real(keys.First(olderName, "rope_theta"), 10000);
        if (theta <= 0) throw keys.Error("rope_theta", "must be positive");
        var kind = nested?.OptionalText("rope_type") ?? nested?.OptionalText("type") ?? "default";
        if (nested is null || kind == "default") return new RotarySettings { Theta = theta };

        // Phi-3's first files call it su, or YaRN.
        if (kind is "longrope" or "su" || (kind == "yarn" && nested.Has("short_factor"))) return LongRope(keys, nested, theta, maxPositions, frequencies);
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
            _ => throw nested.Error("rope_type", $"is '{kind}'; known are default, linear, dynamic, llama3, yarn, longrope"),
        };
    }

    // How many dimensions of a head are rotated; null for all.
    private static int? Width(ConfigKeys keys, int headDim, double? share, string olderName)
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
        RotaryScaling.LongRope => new JsonObject
        {
            ["rope_type"] = "longrope",
            ["factor"] = s.Factor,
            ["original_max_position_embeddings"] = s.OriginalMaxPositions,
            ["attention_factor"] = s.AttentionFactor,
            ["short_factor"] = new JsonArray([.. s.ShortFactors.Select(factor => (JsonNode)factor)]),
            ["long_factor"] = new JsonArray([.. s.LongFactors.Select(factor => (JsonNode)factor)]),
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

    private static RotarySettings LongRope(ConfigKeys keys, ConfigKeys nested, double theta, int maxPositions, int frequencies)
    {
        // Beside a trained length that the file names, the longest sequence says by how much it is stretched.
        var named = nested.OptionalCount("original_max_position_embeddings") ?? keys.OptionalCount("original_max_position_embeddings");
        var original = named ?? maxPositions;
        if (original < 2) throw keys.Error("original_max_position_embeddings", $"is {original}; more than 1 is needed");
        var stretched = (double)maxPositions / original;
        var factor = keys.Has("original_max_position_embeddings") ? stretched : nested.Real("factor", stretched);
        return new RotarySettings
        {
            Theta = theta,
            Scaling = RotaryScaling.LongRope,
            Factor = factor,
            OriginalMaxPositions = original,
            AttentionFactor = nested.Real("attention_factor", factor <= 1 ? 1 : Math.Sqrt(1 + Math.Log(factor) / Math.Log(original))),
            ShortFactors = nested.Divisors("short_factor", frequencies),
            LongFactors = nested.Divisors("long_factor", frequencies),
        };
    }

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
