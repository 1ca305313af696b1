namespace AlpacaCot.Specs.Optimisers;

/// <summary>How gradients become updates.</summary>
/// <param name="Name">The name in a sweep file.</param>
/// <param name="Meaning">One sentence.</param>
/// <param name="Arguments">Its own settings.</param>
public sealed record OptimiserDefinition(string Name, string Meaning, IReadOnlyList<TrainingArgument> Arguments)
{
    /// <summary>Whether it reads <see cref="TrainingSpec.AdamBeta1"/>, <see cref="TrainingSpec.AdamBeta2"/> and <see cref="TrainingSpec.AdamEpsilon"/>.</summary>
    public bool IsAdam { get; init; }

    /// <summary>What a value is where a training gives none.</summary>
    public double Value(TrainingSpec training, string argument)
        => training.OptimizerArguments.TryGetValue(argument, out var given) ? given : Arguments.First(a => a.Name == argument).Default ?? 0;
}

/// <summary>The optimisers that a sweep may name; their formulas live in the Training room.</summary>
public static class OptimiserCatalogue
{
    private static readonly TrainingArgument
        Amsgrad = new("amsgrad", 0, "Divide by the largest second moment so far (Reddi et al. 2018)") { Flag = true },
        LionBeta1 = new("beta1", 0.9, "Share of the momentum in the update") { Max = 0.999999 },
        LionBeta2 = new("beta2", 0.99, "Decay of the momentum") { Max = 0.999999 };

    /// <summary>All optimisers.</summary>
    public static IReadOnlyList<OptimiserDefinition> All { get; } =
    [
        new("adamw", "Adam with decoupled weight decay (Loshchilov and Hutter 2019)", [Amsgrad]) { IsAdam = true },
        new("adam", "Adam (Kingma and Ba 2015), the weight decay added to the gradient", [Amsgrad]) { IsAdam = true },
        new("adamw_8bit", "AdamW with moments of 8 bits (Dettmers et al. 2022): a quarter of the memory; tensors below 4096 values keep 32 bits", []) { IsAdam = true },
        new("sgd", "Stochastic gradient descent, the weight decay added to the gradient",
        [
            new("momentum", 0, "Decay of the momentum") { Max = 1 }, new("dampening", 0, "Share of each gradient that the momentum leaves out") { Max = 1 },
            new("nesterov", 0, "Look ahead along the momentum; needs momentum and no dampening") { Flag = true },
        ]),
        new("adafactor", "Adafactor (Shazeer and Stern 2018): of a matrix's second moments only the means of rows and columns are kept",
        [
            new("eps1", 1e-30, "Added to the squared gradient") { Max = 1 }, new("eps2", 1e-3, "Least scale of a parameter") { Max = 1e6 }, new("clip_threshold", 1, "Largest root mean square of an update") { Min = 1e-9 },
            new("decay_rate", -0.8, "Power of the step in the second moment's decay") { Min = -10, Max = 0 }, new("beta1", null, "Decay of the first moment; there is none where it is left out") { Max = 0.999999 },
            new("scale_parameter", 0, "Multiply the rate by each parameter's root mean square") { Flag = true }, new("relative_step", 0, "A rate of its own that falls with the steps, in place of learning_rate and schedule") { Flag = true },
            new("warmup_init", 0, "Let the relative step rise from 1e-6") { Flag = true },
        ]),
        new("lion", "Lion (Chen et al. 2023): steps of one size, by the sign of the momentum; wants a rate three to ten times below AdamW's", [LionBeta1, LionBeta2]),
        new("lion_8bit", "Lion with a momentum of 8 bits; tensors below 4096 values keep 32 bits", [LionBeta1, LionBeta2]),
    ];

    /// <summary>The optimiser of that name, or null.</summary>
    public static OptimiserDefinition? Find(string name) => All.FirstOrDefault(optimiser => optimiser.Name == name);

    /// <summary>Whether a training's rate is the optimiser's own, so that learning rate and schedule say nothing.</summary>
    public static bool HasOwnRate(TrainingSpec training) => training.Optimizer == "adafactor" && training.OptimizerArguments.GetValueOrDefault("relative_step") != 0;

    /// <summary>What of an optimiser's settings does not go together or does nothing; null where all is well.</summary>
    public static string? Conflict(TrainingSpec training)
    {
        if (Find(training.Optimizer) is not { } optimiser) return null;
        bool On(string argument) => optimiser.Value(training, argument) != 0;
        return training.Optimizer switch
        {
            "sgd" when On("nesterov") && (!On("momentum") || On("dampening")) => "nesterov needs a momentum above 0 and a dampening of 0",
            "sgd" when On("dampening") && !On("momentum") => "dampening does nothing without a momentum",
            "adafactor" when On("warmup_init") && !On("relative_step") => "warmup_init needs relative_step",
            _ => null,
        };
    }
}
