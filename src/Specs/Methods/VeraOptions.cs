namespace AlpacaCot.Specs.Methods;

/// <summary>VeRA (Kopiczko et al. 2024, arXiv:2310.11454): shared random matrices between learned vectors.</summary>
public static class VeraOptions
{
    /// <summary>Rank of the shared matrices.</summary>
    public static MethodOption R { get; } = new("r", OptionKind.Integer, 256, "Rank of the shared matrices, which costs few trained values") { Min = 1, Max = 65_536 };

    /// <summary>Dropout.</summary>
    public static MethodOption Dropout { get; } = new("vera_dropout", OptionKind.Number, 0.0, "Dropout on the update's input") { Aliases = ["dropout"], Max = 0.999999 };

    /// <summary>Projections that get an update.</summary>
    public static MethodOption Targets => LoraOptions.Targets;

    /// <summary>What λ_d starts at.</summary>
    public static MethodOption DInitial { get; } = new("d_initial", OptionKind.Number, 0.1, "What the inner vectors start at") { Min = -1e6, Max = 1e6 };

    /// <summary>Seed of the shared matrices.</summary>
    public static MethodOption Key { get; } = new("projection_prng_key", OptionKind.Integer, 0, "Seed of the shared matrices");

    /// <summary>Whether they are saved.</summary>
    public static MethodOption SaveProjection { get; } = new("save_projection", OptionKind.Flag, true, "Whether the adapter's folder holds the shared matrices; they are drawn again by their seed otherwise");

    /// <summary>How it starts.</summary>
    public static MethodOption Init { get; } = new("init_weights", OptionKind.Flag, true, "Whether it starts as the base; from random values otherwise");

    /// <summary>The method.</summary>
    public static MethodDefinition Method { get; } = new(
        "vera", "VERA", 4e-3, "the VeRA paper's for instruction tuning: vectors need ten times the rate of matrices",
        [R, Dropout, Targets, LoraOptions.Layers, LoraOptions.LayersPattern, DInitial, Key, SaveProjection, Init, OwnWeightsOptions.Biases("vera_only"), OwnWeightsOptions.ModulesToSave])
    {
        Size = (method, model) => AdapterSize.Chosen(method, model).Sum(target => (long)AdapterSize.Integer(method, R!) + target.Out),
    };
}
