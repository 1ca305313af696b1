using System.Text.Json;
using AlpacaCot.Adapters;
using AlpacaCot.Specs;
using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Tests.Worker;

/// <summary>A whole training and an evaluation of its adapter on a small model of other families than LLaMA, with the targets that LoRA has where none are given.</summary>
public sealed class FamilyTrainingTests
{
    public static TheoryData<string, string[]> Families => new()
    {
        { """{"model_type": "bloom", "vocab_size": $VOCABULARY, "n_embed": 32, "n_layer": 2, "num_attention_heads": 4}""", ["query_key_value"] },
        { """{"model_type": "gpt_neox", "vocab_size": $VOCABULARY, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 48}""", ["query_key_value"] },
        { """{"model_type": "gpt2", "vocab_size": $VOCABULARY, "n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 256}""", ["c_attn"] },
        { """{"model_type": "mistral", "vocab_size": $VOCABULARY, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "intermediate_size": 48, "sliding_window": 8}""", ["q_proj", "v_proj"] },
        { """{"model_type": "qwen2", "vocab_size": $VOCABULARY, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "intermediate_size": 48}""", ["q_proj", "v_proj"] },
        { """{"model_type": "phi3", "vocab_size": $VOCABULARY, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 48}""", ["qkv_proj"] },
        { """{"model_type": "opt", "vocab_size": $VOCABULARY, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "ffn_dim": 48}""", ["q_proj", "v_proj"] },
        { """{"model_type": "baichuan", "architectures": ["BaichuanForCausalLM"], "vocab_size": $VOCABULARY, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 48, "model_max_length": 256, "tokenizer_class": "BaichuanTokenizer"}""", ["W_pack"] },
    };

    [Theory]
    [InlineData("int8")]
    [InlineData("nf4")]
    public void Run_BaseInFewerBits_TrainsAndAnswers(string precision)
    {
        using var pack = new TinyPack();
        var job = pack.Job(1, ("a", TinyPack.Fine));
        var trained = Assert.Single(TinyPack.Run(job with { Base = job.Base with { Precision = precision } }).OfType<TrainedEvent>());
        Assert.True(double.IsFinite(trained.FinalLoss));
        var evaluation = pack.Evaluation(1, (trained, [TinyPack.Trial("t", new EvaluationSpec { Name = "sums", Suite = "goat-arithmetic", Limit = 4 })]));
        Assert.Empty(TinyPack.Run(evaluation with { Base = evaluation.Base with { Precision = precision } }).OfType<FailedEvent>());
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Run_DefaultTargets_TrainsAndAnswers(string config, string[] targets)
    {
        using var pack = new TinyPack(config);
        var trained = Assert.Single(TinyPack.Run(pack.Job(1, ("a", TinyPack.Fine))).OfType<TrainedEvent>());
        Assert.Equal(6, trained.Steps);
        using var written = JsonDocument.Parse(File.ReadAllText(Path.Combine(trained.AdapterDirectory, AdapterDirectory.ConfigFile)));
        Assert.Equal(targets, written.RootElement.GetProperty("target_modules").EnumerateArray().Select(name => name.GetString()!).Order(StringComparer.Ordinal));
        var asked = TinyPack.Run(pack.Evaluation(1, (trained, [TinyPack.Trial("t", new EvaluationSpec { Name = "sums", Suite = "goat-arithmetic", Limit = 4 })])));
        Assert.Empty(asked.OfType<FailedEvent>());
    }
}
