namespace AlpacaCot.Adapters.Bottleneck;

/// <summary>The default targets of bottleneck adapters by <c>model_type</c>: LLM-Adapters' tables, and by analogy the families that it does not have.</summary>
internal static class BottleneckTargets
{
    private const string Separate = "q_proj k_proj v_proj";

    // Into the MLP, out of it, and the attention's projections.
    private static readonly Dictionary<string, (string Into, string OutOf, string Attention)> Rows = new(StringComparer.Ordinal)
    {
        ["llama"] = ("gate_proj up_proj", "down_proj", Separate),
        ["mistral"] = ("gate_proj up_proj", "down_proj", Separate),
        ["internlm"] = ("gate_proj up_proj", "down_proj", Separate),
        ["qwen2"] = ("gate_proj up_proj", "down_proj", Separate),
        ["qwen3"] = ("gate_proj up_proj", "down_proj", Separate),
        ["gemma2"] = ("gate_proj up_proj", "down_proj", Separate),
        ["baichuan"] = ("gate_proj up_proj", "down_proj", "W_pack"),
        ["phi3"] = ("gate_up_proj", "down_proj", "qkv_proj"),
        ["internlm2"] = ("w1 w3", "w2", "wqkv"),
        ["bloom"] = ("dense_h_to_4h", "dense_4h_to_h", "query_key_value"),
        ["gpt_neox"] = ("dense_h_to_4h", "dense_4h_to_h", "query_key_value"),
        ["chatglm"] = ("dense_h_to_4h", "dense_4h_to_h", "query_key_value"),
        ["gptj"] = ("fc_in", "fc_out", Separate),
        ["codegen"] = ("fc_in", "fc_out", "qkv_proj"),
        ["moss"] = ("fc_in", "fc_out", "qkv_proj"),
        ["opt"] = ("fc1", "fc2", Separate),
        ["phi"] = ("fc1", "fc2", Separate),
        ["gpt2"] = ("c_fc", "mlp.c_proj", "c_attn"),
    };

    /// <summary>The names for a model type, separated by spaces, or null.</summary>
    public static string? Of(string modelType, bool parallel, bool adapterP) => !Rows.TryGetValue(modelType, out var row) ? null
        : parallel ? row.Attention : adapterP ? row.OutOf : $"{row.Into} {row.OutOf}";
}
