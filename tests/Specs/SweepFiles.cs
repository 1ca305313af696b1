using AlpacaCot.Specs;

namespace AlpacaCot.Tests.Specs;

/// <summary>Sweep files that several tests read.</summary>
internal static class SweepFiles
{
    /// <summary>The documented example, less what is not built.</summary>
    public const string Example = """
        name: cot-study
        seeds: [0, 1, 2]
        models:
          - { name: llama-nano, path: models/llama-nano }
          - { name: tall-nano, path: models/tall-nano, load: fp32 }
        peft:
          - { name: lora-r8, method: lora, r: 8, alpha: 16, targets: [q_proj, v_proj] }
          - { name: ia3, method: ia3, learning_rate: 3.0e-3 }
        data:
          - { name: alpaca,     sources: [alpaca] }
          - { name: alpaca-cot, sources: [alpaca, { set: cot, weight: 2.0, limit: 20000 }], template: alpaca, language: en }
        cot:
          - { name: none }
          - { name: cue, cue: "Let's think step by step." }
        training:  { epochs: 3, batch_size: 16, cutoff_len: 512, precision: bf16 }
        decoding:  { strategy: greedy, max_new_tokens: 128 }
        evaluation: [{ suite: goat-arithmetic, limit: 200, few_shot: 0 }]
        """;

    public const string Smallest = """
        name: small
        models: models/nano
        peft: lora
        data: alpaca
        """;

    public static SweepSpec ExampleSpec => SweepDocument.ParseValid(Example);

    public static IReadOnlyList<SpecError> ErrorsOf(string yaml) => [.. SweepDocument.Parse(yaml).Errors];

    public static SpecError OnlyErrorOf(string yaml) => Assert.Single(ErrorsOf(yaml));
}
