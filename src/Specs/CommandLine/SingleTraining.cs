using AlpacaCot.Specs.Methods;

namespace AlpacaCot.Specs.CommandLine;

/// <summary>One training without a sweep, as <c>train</c> makes it.</summary>
public sealed record SingleTraining
{
    /// <summary>The adapter method.</summary>
    public required MethodSpec Method { get; init; }

    /// <summary>What is taught.</summary>
    public required DataSpec Data { get; init; }

    /// <summary>How it is trained.</summary>
    public required TrainingSpec Training { get; init; }

    /// <summary>Seed of initialisation, order and dropout.</summary>
    public long Seed { get; init; }

    /// <summary>The settings with the learning rate that counts.</summary>
    public TrainingSpec Resolve() => Training with { LearningRate = MethodCatalogue.LearningRate(Method, Training).Rate };
}
