using AlpacaCot.Adapters;
using AlpacaCot.Kernels;
using AlpacaCot.Models;

namespace AlpacaCot.Inference.Tests;

/// <summary>An adapter per request over one base.</summary>
public sealed class MemberTests
{
    [Fact]
    public void GenerateAndScore_MembersMixedInOneBatch_EachAsAlone()
    {
        using var decoder = TinyModel.Create();
        var tokenizer = new CharacterTokenizer(TinyModel.Vocabulary, eos: 0);
        using Adapter lora = Filled(decoder, """{"peft_type": "LORA", "r": 4, "lora_alpha": 8, "target_modules": ["q_proj", "v_proj"]}""", 1),
            ia3 = Filled(decoder, """{"peft_type": "IA3", "target_modules": ["k_proj", "v_proj", "down_proj"], "feedforward_modules": ["down_proj"]}""", 2);
        var bank = new AdapterBank(decoder);
        int first = bank.Add(lora), second = bank.Add(ia3);
        var decoding = new DecodingSettings { MaxNewTokens = 12, IgnoreEos = true };
        int[] members = [second, -1, first, first, -1, second];
        var requests = members.Select((m, i) => new GenerationRequest($"{i}", TinyModel.Prompt(4 + i, 3), m, decoding)).ToList();
        var scores = members.Select((m, i) => new ScoreRequest(TinyModel.Prompt(6, 1), [3 + i % 2, 5], m)).ToList();
        using var engine = new InferenceEngine(decoder, tokenizer, bank);
        var generated = engine.Generate(requests);
        var scored = engine.LogLikelihoods(scores);
        for (var i = 0; i < members.Length; i++)
        {
            Assert.Equal(engine.Generate([requests[i]])[0].Ids, generated[i].Ids);
            Assert.Equal(engine.LogLikelihoods([scores[i]])[0].Sum, scored[i].Sum, 1e-4);
        }
        var prompt = TinyModel.Prompt(8, 5);
        var texts = new[] { -1, first, second }.Select(m => engine.Generate([new GenerationRequest("x", prompt, m, decoding)])[0].Text).ToList();
        Assert.Equal(3, texts.Distinct().Count());
    }

    [Fact]
    public void GenerateAndScore_UnlikeMethodsInOneBatch_EachAsAloneAndWithinItsWindow()
    {
        using var decoder = TinyModel.Create();
        var tokenizer = new CharacterTokenizer(TinyModel.Vocabulary, eos: 0);
        string[] methods =
        [
            """{"peft_type": "PREFIX_TUNING", "num_virtual_tokens": 3}""", """{"peft_type": "PROMPT_TUNING", "num_virtual_tokens": 2}""", """{"peft_type": "P_TUNING", "num_virtual_tokens": 2, "encoder_hidden_size": 4}""",
            """{"peft_type": "BOTTLENECK", "bottleneck_size": 4}""", """{"peft_type": "BOTTLENECK", "bottleneck_size": 4, "use_parallel_adapter": true}""", """{"peft_type": "ADALORA", "init_r": 4, "total_step": 10}""",
        ];
        var adapters = methods.Select((json, i) => Filled(decoder, json, (ulong)i + 1)).ToList();
        var bank = new AdapterBank(decoder);
        int[] members = [.. adapters.Select(bank.Add), -1];
        var decoding = new DecodingSettings { MaxNewTokens = 8, IgnoreEos = true };
        var requests = members.Select((m, i) => new GenerationRequest($"{i}", TinyModel.Prompt(4 + i, 3), m, decoding)).ToList();
        var scores = members.Select((m, i) => new ScoreRequest(TinyModel.Prompt(6, 1), [3 + i % 2, 5], m)).ToList();
        using var engine = new InferenceEngine(decoder, tokenizer, bank, new EngineOptions { MaxLength = 24 });
        var (generated, scored) = (engine.Generate(requests), engine.LogLikelihoods(scores));
        for (var i = 0; i < members.Length; i++)
        {
            Assert.Equal(engine.Generate([requests[i]])[0].Ids, generated[i].Ids);
            Assert.Equal(engine.LogLikelihoods([scores[i]])[0].Sum, scored[i].Sum, 1e-4);
        }
        Assert.Equal(members.Length, scored.Select(score => Math.Round(score.Sum, 4)).Distinct().Count());
        Assert.Equal([21, 22, 22, 24, 24, 24, 24], members.Select(engine.WindowOf));
        Assert.Contains("the window 21", Assert.Throws<InferenceException>(() => engine.Generate([new GenerationRequest("long", TinyModel.Prompt(22, 1), members[0], decoding)])).Message, StringComparison.Ordinal);
        adapters.ForEach(adapter => adapter.Dispose());
    }

    internal static Adapter Filled(Decoder decoder, string json, ulong seed)
    {
        using var generator = new Generator(seed);
        var adapter = AdapterFactory.Create(decoder, AdapterConfig.Read(json), generator);
        // Away from the start, where an adapter changes nothing.
        var value = (int)seed;
        foreach (var parameter in adapter.Parameters)
        {
            var elements = new float[parameter.Value.numel()];
            foreach (ref var element in elements.AsSpan()) element = (value = value * 1103515245 + 12345) / 4e9f;
            using var frozen = torch.no_grad();
            parameter.Value.copy_(torch.tensor(elements).view(parameter.Value.shape));
        }
        return adapter;
    }
}
