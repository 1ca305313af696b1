using AlpacaCot.Experiments.Planning;

namespace AlpacaCot.Tests.Experiments;

/// <summary>Small sweeps that the tests of the state machine run.</summary>
internal static class Sweeps
{
    /// <summary>One pack: two trainings with two trials each, one evaluation; no untuned base.</summary>
    public const string OnePack = """
        name: s
        seeds: [0]
        models: m
        peft: [lora, ia3]
        data: alpaca
        cot: [none, "Think."]
        base: false
        evaluation: x
        """;

    /// <summary>As <see cref="OnePack"/>, with three evaluations.</summary>
    public static readonly string ThreeEvaluations = OnePack.Replace("evaluation: x", "evaluation: [x, y, z]", StringComparison.Ordinal);

    public static SweepHarness One() => new(OnePack);

    /// <summary>Two packs of one member each.</summary>
    public static SweepHarness Two() => new(OnePack, new PlanLimits { MaxMembers = 1 });
}
