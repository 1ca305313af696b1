using System.Text.Json;

namespace AlpacaCot.Tests.Acceptance;

/// <summary>A sweep over real rows: Alpaca's demo rows and FLAN's chain-of-thought rows.</summary>
[Trait("Category", "Acceptance")]
public sealed class RealRowsTests(Bases bases)
{
    private const int Tuned = 16, Bases = 2;

    [Fact]
    public async Task Run_AlpacaAndChainOfThoughtRows_EndsWithAReport()
    {
        var (alpaca, cot) = (RealData.File("instructions/alpaca_en_demo.json"), RealData.File("cot/gsm8k_train.tsv"));
        var model = await bases.WordsAsync();
        using var home = new Home();
        var file = Sweeps.Write(home, $$"""
            name: real-rows
            seeds: [0, 1]
            models:
              - { name: words, path: "{{model}}" }
            peft:
              - { name: lora, method: lora, r: 4, alpha: 8, targets: [q_proj, v_proj] }
              - { name: ia3, method: ia3 }
            data:
              - name: alpaca
                sources: [{ path: "{{alpaca}}", limit: 48 }]
              - name: alpaca-cot
                sources: [{ path: "{{alpaca}}", limit: 48 }, { path: "{{cot}}", limit: 48, weight: 2.0 }]
            cot:
              - { name: none }
              - { name: cue, cue: "Let's think step by step." }
            training: { max_steps: 3, batch_size: 4, cutoff_len: 256, precision: fp32 }
            decoding: { strategy: greedy, max_new_tokens: 8 }
            evaluation:
              - { suite: goat-arithmetic, limit: 4 }
            """);
        var ran = (await home.RunAsync("sweep", "run", file, "--json")).Done();
        var summary = ran.Json();
        var trials = summary.GetProperty("trials").EnumerateArray().ToList();
        Assert.Equal(Tuned + Bases, trials.Count);
        Assert.All(trials, trial => Assert.Equal("succeeded", trial.GetProperty("state").GetString()));
        // Trials that differ only in their cue share one training.
        Assert.Equal(Tuned / 2, Sweeps.FilesOf(home, "real-rows", "adapter_model.safetensors").Count);
        var page = await File.ReadAllTextAsync(summary.GetProperty("report").GetString()!);
        foreach (var word in (string[])["alpaca-cot", "cue", "lora", "ia3", "<svg"]) Assert.Contains(word, page, StringComparison.Ordinal);
        Assert.All(Sweeps.FilesOf(home, "real-rows", "losses.json").Values, curve => Assert.All(JsonSerializer.Deserialize<double[]>(curve)!, loss => Assert.InRange(loss, 0.1, 20)));
    }
}
