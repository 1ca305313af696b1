using AlpacaCot.Models.Checkpoints;

namespace AlpacaCot.Models.Tests;

/// <summary>Meta's checkpoints that are cut for several devices.</summary>
public sealed class MetaPartsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 1)]      // LLaMA 1 and 2 cut the embedding by its width
    [InlineData(2, 0)]      // LLaMA 3 by the vocabulary
    public void Load_Parts_TheWholeModel(int parts, int embeddingAxis)
    {
        using var decoder = TestModels.Random();
        Write(decoder, parts, embeddingAxis);
        using var again = ModelDirectory.Load(_folder.Path, new LoadOptions(Device: TestDevice.Chosen));
        Assert.Equal(decoder.ParameterCount, again.ParameterCount);
        foreach (var (name, weight) in decoder.Parameters) GoldenTensors.AssertClose(weight, again.Parameters[name], 0, name);
    }

    [Fact]
    public void Load_APartIsMissing_SaidWhich()
    {
        using var decoder = TestModels.Random();
        Write(decoder, 2, 1);
        File.Move(_folder["consolidated.01.pth"], _folder["kept"]);
        Assert.Contains("1 part lies there, which hold 8 of 16 rows of queries; is one missing?", Refused(), StringComparison.Ordinal);
        File.Copy(_folder["kept"], _folder["consolidated.02.pth"]);
        Assert.Contains("consolidated.01.pth is missing; consolidated.02.pth lies there", Refused(), StringComparison.Ordinal);
    }

    [Fact]
    public void Load_PartsThatDoNotFit_Refused()
    {
        using var decoder = TestModels.Random();
        Write(decoder, 2, 1);
        using var scope = torch.NewDisposeScope();
        using (var file = TorchFile.Open(_folder["consolidated.01.pth"]))
        {
            var tensors = file.Tensors.Select(t => new KeyValuePair<string, Tensor>(t.Name, t.Name == "layers.0.feed_forward.w1.weight" ? torch.zeros(12, 5) : t.Copy())).ToList();
            TorchFileWriter.Write(_folder["x"], tensors);
        }
        File.Move(_folder["x"], _folder["consolidated.01.pth"], overwrite: true);
        Assert.Contains("they are no parts of one tensor", Refused(), StringComparison.Ordinal);
    }

    private string Refused()
    {
        var message = Assert.Throws<ModelException>(() => ModelDirectory.Load(_folder.Path)).Message;
        Assert.DoesNotContain('\n', message);
        return message;
    }

    private void Write(Decoder decoder, int parts, int embeddingAxis)
    {
        var c = decoder.Config;
        File.WriteAllText(_folder["params.json"], $$"""{"dim": {{c.HiddenSize}}, "n_layers": {{c.Layers}}, "n_heads": {{c.Heads}}, "n_kv_heads": {{c.KeyValueHeads}}, "norm_eps": 1e-06, "vocab_size": -1}""");
        using var scope = torch.NewDisposeScope();
        Tensor Paired(Tensor x, int heads) => x.view(heads, 2, x.size(0) / heads / 2, -1).transpose(1, 2).reshape(x.shape);
        var tensors = new List<(string Name, Tensor Value, int Axis)>
        {
            ("tok_embeddings.weight", decoder.Parameters["model.embed_tokens.weight"], embeddingAxis), ("norm.weight", decoder.Parameters["model.norm.weight"], -1), ("output.weight", decoder.Parameters["lm_head.weight"], 0),
        };
        for (var i = 0; i < c.Layers; i++)
        {
            Tensor Of(string name) => decoder.Parameters[$"model.layers.{i}.{name}.weight"];
            void Add(string name, Tensor value, int axis) => tensors.Add(($"layers.{i}.{name}.weight", value, axis));
            Add("attention.wq", Paired(Of("self_attn.q_proj"), c.Heads), 0);
            Add("attention.wk", Paired(Of("self_attn.k_proj"), c.KeyValueHeads), 0);
            Add("attention.wv", Of("self_attn.v_proj"), 0);
            Add("attention.wo", Of("self_attn.o_proj"), 1);
            Add("feed_forward.w1", Of("mlp.gate_proj"), 0);
            Add("feed_forward.w2", Of("mlp.down_proj"), 1);
            Add("feed_forward.w3", Of("mlp.up_proj"), 0);
            Add("attention_norm", Of("input_layernorm"), -1);
            Add("ffn_norm", Of("post_attention_layernorm"), -1);
        }
        for (var part = 0; part < parts; part++)
            TorchFileWriter.Write(_folder[$"consolidated.{part:D2}.pth"], tensors.Select(t => new KeyValuePair<string, Tensor>(
                t.Name, t.Axis < 0 ? t.Value : t.Value.narrow(t.Axis, part * t.Value.size(t.Axis) / parts, t.Value.size(t.Axis) / parts).contiguous())));
    }
}
