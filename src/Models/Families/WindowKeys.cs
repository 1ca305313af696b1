using System.Text.Json.Nodes;

namespace AlpacaCot.Models.Families;

/// <summary>Reads which blocks see a sliding window alone: <c>sliding_window</c>, and <c>layer_types</c> of newer files.</summary>
internal static class WindowKeys
{
    /// <summary>A window per block, 0 for none; empty where no block has one.</summary>
    /// <param name="keys">The <c>config.json</c>.</param>
    /// <param name="layers">Number of blocks.</param>
    /// <param name="absent">The window where the key is left out, which is not the same as null; 0 is none.</param>
    /// <param name="windowed">Which blocks have it where <c>layer_types</c> does not say.</param>
    public static IReadOnlyList<int> Read(ConfigKeys keys, int layers, int absent, Func<int, bool> windowed)
    {
        var window = keys.OptionalCount("sliding_window") ?? (keys.IsAbsent("sliding_window") ? absent : 0);
        if (window == 0) return [];
        if (keys.Has("layer_types"))
        {
            if (keys.Json["layer_types"] is not JsonArray types || types.Count != layers) throw keys.Error("layer_types", $"is not a list of {layers} types");
            var sliding = types.Select(type => IsSliding(keys, type)).ToArray();
            windowed = block => sliding[block];
        }
        int[] windows = [.. Enumerable.Range(0, layers).Select(block => windowed(block) ? window : 0)];
        return windows.Any(w => w > 0) ? windows : [];
    }

    private static bool IsSliding(ConfigKeys keys, JsonNode? type) => type?.ToString() switch
    {
        "sliding_attention" => true,
        "full_attention" => false,
        var other => throw keys.Error("layer_types", $"holds '{other}'; known are full_attention and sliding_attention"),
    };
}
