namespace AlpacaCot.Adapters.AdaLora;

/// <summary>AdaLoRA's default targets by <c>model_type</c>: PEFT's table where it has the type, else those of LoRA.</summary>
internal static class AdaLoraTargets
{
    private static readonly Dictionary<string, string> Rows = new(StringComparer.Ordinal)
    {
        ["opt"] = "q_proj k_proj v_proj out_proj fc1 fc2",
        ["phi"] = "q_proj v_proj",   // PEFT has none
    };

    /// <summary>The names, separated by spaces, or null.</summary>
    public static string? Of(string modelType) => Rows.GetValueOrDefault(modelType) ?? TargetDefaults.Find(modelType)?.Lora;
}
