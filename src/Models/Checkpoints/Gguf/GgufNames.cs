using System.Globalization;

namespace AlpacaCot.Models.Checkpoints.Gguf;

/// <summary>An architecture of GGUF files and the family that it is read as.</summary>
/// <param name="Name">llama.cpp's name, the prefix of its keys.</param>
/// <param name="ModelType">Hugging Face's <c>model_type</c>.</param>
/// <param name="Class">Hugging Face's class.</param>
/// <param name="PairedRows">Whether rows of queries and keys lie in the order of a rotary embedding over neighbours.</param>
internal sealed record GgufArchitecture(string Name, string ModelType, string Class, bool PairedRows)
{
    /// <summary>Those that are read and written.</summary>
    public static IReadOnlyList<GgufArchitecture> All { get; } =
    [
        new("llama", "llama", "LlamaForCausalLM", PairedRows: true),
        new("qwen2", "qwen2", "Qwen2ForCausalLM", PairedRows: false),
        new("qwen3", "qwen3", "Qwen3ForCausalLM", PairedRows: false),
    ];
}

/// <summary>llama.cpp's names of tensors and Hugging Face's, for families that follow LLaMA's.</summary>
internal static class GgufNames
{
    private const string Blocks = "model.layers.";

    private static readonly (string Gguf, string HuggingFace)[] Names =
    [
        ("token_embd", "model.embed_tokens"), ("output_norm", "model.norm"), ("output", "lm_head"),
        ("attn_q", "self_attn.q_proj"), ("attn_k", "self_attn.k_proj"), ("attn_v", "self_attn.v_proj"), ("attn_output", "self_attn.o_proj"),
        ("attn_q_norm", "self_attn.q_norm"), ("attn_k_norm", "self_attn.k_norm"), ("attn_norm", "input_layernorm"), ("ffn_norm", "post_attention_layernorm"),
        ("ffn_gate", "mlp.gate_proj"), ("ffn_up", "mlp.up_proj"), ("ffn_down", "mlp.down_proj"),
    ];

    /// <summary>Hugging Face's name of <c>blk.3.attn_q.weight</c>; null for what is not known.</summary>
    public static string? ToHuggingFace(string gguf)
    {
        var (block, module, end) = Parts(gguf, "blk.");
        var found = Array.Find(Names, entry => entry.Gguf == module).HuggingFace;
        return found is null ? null : block is null ? found + end : string.Create(CultureInfo.InvariantCulture, $"{Blocks}{block}.{found}{end}");
    }

    /// <summary>llama.cpp's name of <c>model.layers.3.self_attn.q_proj.weight</c>; null for what has none.</summary>
    public static string? ToGguf(string huggingFace)
    {
        var (block, module, end) = Parts(huggingFace, Blocks);
        var found = Array.Find(Names, entry => entry.HuggingFace == module).Gguf;
        return found is null ? null : block is null ? found + end : string.Create(CultureInfo.InvariantCulture, $"blk.{block}.{found}{end}");
    }

    /// <summary>Whether a tensor holds queries or keys, whose rows llama.cpp may order otherwise; and which.</summary>
    public static bool IsQuery(string huggingFace) => Parts(huggingFace, Blocks).Module == "self_attn.q_proj";

    /// <summary>Whether it holds keys.</summary>
    public static bool IsKey(string huggingFace) => Parts(huggingFace, Blocks).Module == "self_attn.k_proj";

    private static (int? Block, string Module, string End) Parts(string name, string blocks)
    {
        int? block = null;
        if (name.StartsWith(blocks, StringComparison.Ordinal) && name.IndexOf('.', blocks.Length) is var dot and > 0
            && int.TryParse(name.AsSpan(blocks.Length, dot - blocks.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            (block, name) = (number, name[(dot + 1)..]);
        var last = name.LastIndexOf('.');
        return last < 0 ? (block, name, "") : (block, name[..last], name[last..]);
    }
}
