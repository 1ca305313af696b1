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
        return settings.GetProperty("bnb_4bit_use_double_quant").GetBoolean() ? WeightStorage.Nf4 : WeightStorage.Nf4Single;
    }

    /// <summary>
    /// A tolerance over a base with doubly quantised scales: the reference's search for their 8-bit codes is off by one very near to the middle between two
    /// (about two values in a thousand), which moves the results by more than rounding does.
    /// </summary>
    public static double Rounded(Decoder decoder, double tolerance) => decoder.Storage == WeightStorage.Nf4 ? Math.Max(tolerance, 1e-2) : tolerance;
}
