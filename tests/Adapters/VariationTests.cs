using AlpacaCot.Kernels;
using AlpacaCot.Models;

namespace AlpacaCot.Adapters.Tests;

/// <summary>Ranks of one and above the width, expressions, single blocks: whatever the settings, what an adapter computes beside its base is what the merged weights compute, and what its folder gives back.</summary>
public sealed class VariationTests : IDisposable
{
    private static readonly int[] _ids = [3, 14, 15, 9, 26, 5];
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private const string Llama = """{"model_type": "llama", "vocab_size": 50, "hidden_size": 32, "intermediate_size": 40, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "initializer_range": 0.2, "mlp_bias": true}""";
    private const string Gpt2 = """{"model_type": "gpt2", "vocab_size": 50, "n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 64, "initializer_range": 0.2}""";

    private static readonly string[] _targets =
    [
        "\"target_modules\": \"all-linear\"",
        "\"target_modules\": \".*\\\\.1\\\\..*(v_proj|down_proj|c_fc)\"",
        "\"target_modules\": [\"q_proj\", \"up_proj\", \"c_attn\", \"c_fc\"], \"layers_to_transform\": 1",
        "\"target_modules\": [\"q_proj\", \"up_proj\", \"c_attn\", \"c_fc\"], \"layers_to_transform\": [0], \"layers_pattern\": [\"layers\", \"h\"]",
        "\"target_modules\": \"all-linear\", \"exclude_modules\": \".*(o_proj|c_proj|gate_proj)\"",
    ];

    public static TheoryData<string> Methods =>
    [
        """{"peft_type": "LORA", "r": 1, "init_lora_weights": false}""",
        """{"peft_type": "LORA", "r": 70, "lora_alpha": 3, "use_rslora": true, "init_lora_weights": false}""",
        """{"peft_type": "LORA", "r": 2, "init_lora_weights": false, "rank_pattern": {"v_proj": 5, "c_fc": 1}, "alpha_pattern": {".*1.*": 0.5}}""",
        """{"peft_type": "LORA", "r": 1, "use_dora": true, "init_lora_weights": false}""",
        """{"peft_type": "LORA", "r": 50, "use_dora": true, "init_lora_weights": "gaussian"}""",
        """{"peft_type": "LORA", "r": 16, "init_lora_weights": "pissa"}""",
        """{"peft_type": "LORA", "r": 1, "init_lora_weights": "pissa_niter_2"}""",
        """{"peft_type": "ADALORA", "init_r": 1, "target_r": 1, "total_step": 10}""",
        """{"peft_type": "ADALORA", "init_r": 45, "total_step": 10}""",
        """{"peft_type": "LOHA", "r": 1}""",
        """{"peft_type": "LOHA", "r": 40, "alpha": 1}""",
        """{"peft_type": "VERA", "r": 1, "init_weights": false}""",
        """{"peft_type": "VERA", "r": 90, "d_initial": -0.3, "save_projection": false}""",
        """{"peft_type": "OFT", "oft_block_size": 2, "num_cayley_neumann_terms": 3}""",
        """{"peft_type": "OFT", "r": 1, "oft_block_size": 0, "use_cayley_neumann": false}""",
    ];

    [Theory, MemberData(nameof(Methods))]
    public void Merge_AnySettings_ComputesWhatTheAdapterDoes(string method)
    {
        foreach (var (model, targets, number) in from model in (string[])[Llama, Gpt2] from targets in _targets.Select((text, number) => (text, number)) select (model, targets.text, targets.number))
        {
            using var decoder = Base(model);
            using var adapter = TinyDecoder.Adapter(decoder, AdapterConfig.Read(method[..^1] + ", " + targets + "}"));
            using (var generator = new Generator(5))
            using (torch.no_grad())
                foreach (var parameter in adapter.Parameters) parameter.Value.add_((torch.randn(parameter.Value.shape, generator: generator) * 0.1).to(parameter.Value.device));
            adapter.ValuesChanged();
            var folder = _folder[$"{number}{decoder.ModelType}"];
            AdapterDirectory.Save(adapter, folder);
            using var loaded = AdapterDirectory.Load(decoder, folder);
            var bank = new AdapterBank(decoder);
            var (bare, own, again) = (TinyDecoder.Logits(decoder, null, (-1, _ids))[0], TinyDecoder.Logits(decoder, bank, (bank.Add(adapter), _ids))[0], TinyDecoder.Logits(decoder, bank, (bank.Add(loaded), _ids))[0]);
            Near(own, again, $"{targets} loaded");
            Assert.True(bare.Zip(own, (a, b) => Math.Abs(a - b)).Max() > 1e-3, $"{targets} changes nothing");
            Merger.Merge(decoder, loaded, [_ids], 1e-3);
            Near(own, TinyDecoder.Logits(decoder, null, (-1, _ids))[0], $"{targets} merged");
        }
    }

    private static Decoder Base(string model)
    {
        using var generator = new Generator(7);
        var decoder = Decoder.CreateRandom(DecoderConfig.Read(model), generator, ScalarType.Float32, TestDevice.Chosen);
        using var frozen = torch.no_grad();
        foreach (var (name, value) in decoder.Parameters)
            if (name.EndsWith("bias", StringComparison.Ordinal)) value.copy_(torch.randn(value.shape, generator: generator) * 0.5);
        return decoder;
    }

    private static void Near(float[] want, float[] have, string what)
        => Assert.True(want.Zip(have, (x, y) => Math.Abs(x - y)).Max() <= 2e-4 * want.Max(Math.Abs), $"{what}: differs by {want.Zip(have, (x, y) => Math.Abs(x - y)).Max():E2} of {want.Max(Math.Abs):E2}");
}
