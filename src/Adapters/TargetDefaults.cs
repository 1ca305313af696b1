namespace AlpacaCot.Adapters;

/// <summary>The modules that a method acts on by default, by <c>model_type</c>. PEFT's tables; the last five rows, and IA3's for <c>chatglm</c> and <c>codegen</c>, are PEFT's gaps, filled by analogy.</summary>
public static class TargetDefaults
{
    /// <summary>A model type's names, separated by spaces.</summary>
    internal sealed record Row(string Lora, string? Ia3 = null, string? FeedForward = null);

    private static readonly Row QueryValue = new("q_proj v_proj", "q_proj v_proj down_proj", "down_proj");
    private static readonly Row Llama = new("q_proj v_proj", "k_proj v_proj down_proj", "down_proj");
    private static readonly Row Falcon = new("query_key_value", "query_key_value dense_4h_to_h", "dense_4h_to_h");
    private static readonly Row CodeGen = new("qkv_proj", "qkv_proj fc_out", "fc_out");
    private static readonly Row Gpt2 = new("c_attn", "c_attn mlp.c_proj", "mlp.c_proj");

    private static readonly Dictionary<string, Row> Rows = new(StringComparer.Ordinal)
    {
        ["llama"] = Llama,
        ["llama4"] = QueryValue,
        ["mistral"] = Llama,
        ["mixtral"] = new("q_proj v_proj", "k_proj v_proj w2", "w2"),
        ["qwen2"] = QueryValue,
        ["qwen3"] = QueryValue,
        ["gemma"] = QueryValue,
        ["gemma2"] = QueryValue,
        ["gemma3_text"] = QueryValue,
        ["phi"] = new("q_proj v_proj fc1 fc2", "q_proj v_proj fc2", "fc2"),
        ["stablelm"] = new("q_proj v_proj"),
        ["bloom"] = new("query_key_value", "query_key_value mlp.dense_4h_to_h", "mlp.dense_4h_to_h"),
        ["chatglm"] = Falcon,
        ["gpt_neox"] = Falcon,
        ["gpt_neo"] = new("q_proj v_proj", "q_proj v_proj c_proj", "c_proj"),
        ["gptj"] = new("q_proj v_proj", "q_proj v_proj fc_out", "fc_out"),
        ["codegen"] = CodeGen,
        ["gpt2"] = Gpt2,
        ["gpt_bigcode"] = Gpt2,
        ["falcon"] = Falcon,
        ["RefinedWeb"] = Falcon,
        ["RefinedWebModel"] = Falcon,
        ["opt"] = new("q_proj v_proj", "q_proj k_proj fc2", "fc2"),
        ["mpt"] = new("Wqkv"),
        ["internlm"] = Llama,
        ["internlm2"] = new("wqkv", "wqkv w2", "w2"),
        ["baichuan"] = new("W_pack", "W_pack down_proj", "down_proj"),
        ["moss"] = CodeGen,
        ["phi3"] = new("qkv_proj", "qkv_proj down_proj", "down_proj"),
    };

    /// <summary>LoRA's targets for a model type.</summary>
    /// <exception cref="AdapterException">There is no default: they must be given.</exception>
    public static ModuleSelection Lora(string modelType) => Split(Find(modelType)?.Lora, modelType, "target_modules");

    /// <summary>IA3's targets for a model type.</summary>
    /// <exception cref="AdapterException">There is no default: they must be given.</exception>
    public static ModuleSelection Ia3(string modelType) => Split(Find(modelType)?.Ia3, modelType, "target_modules");

    /// <summary>IA3's targets whose input is scaled.</summary>
    /// <exception cref="AdapterException">There is no default: they must be given.</exception>
    public static ModuleSelection FeedForward(string modelType) => Split(Find(modelType)?.FeedForward, modelType, "feedforward_modules");

    /// <summary>Option to the modules that it stands for where a configuration leaves it out; null where the type has no default for the method.</summary>
    /// <param name="method">The method's name in a sweep file.</param>
    /// <param name="modelType">The config's <c>model_type</c>.</param>
    public static IReadOnlyDictionary<string, IReadOnlyList<string>>? Of(string method, string modelType)
    {
        var found = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        foreach (var (option, names) in AdapterMethods.Named(method)?.Defaults(modelType) ?? [])
            if (names is not null) found[option] = names.Split(' ');
        return found.Count > 0 ? found : null;
    }

    internal static Row? Find(string modelType) => Rows.GetValueOrDefault(modelType);

    internal static ModuleSelection Split(string? names, string modelType, string key) => names is null
        ? throw new AdapterException($"please specify {key}: model_type '{modelType}' has no default for this method")
        : ModuleSelection.Of(names.Split(' '));
}
