using System.Text.Json;
using AlpacaCot.Models;

namespace AlpacaCot.Tests;

/// <summary>How the base of a golden case is held.</summary>
internal static class GoldenStorage
{
    /// <summary>By <c>quantisation</c> of its <c>golden.json</c>.</summary>
    public static WeightStorage Of(JsonElement golden)
    {
        if (!golden.TryGetProperty("quantisation", out var settings) || settings.ValueKind != JsonValueKind.Object) return WeightStorage.Plain;
        if (settings.TryGetProperty("load_in_8bit", out var eight) && eight.GetBoolean()) return WeightStorage.Int8;
        var doubled = settings.GetProperty("bnb_4bit_use_double_quant").GetBoolean();
        return settings.GetProperty("bnb_4bit_quant_type").GetString() == "fp4"
            ? doubled ? WeightStorage.Fp4 : WeightStorage.Fp4Single
            : doubled ? WeightStorage.Nf4 : WeightStorage.Nf4Single;
    }
}
