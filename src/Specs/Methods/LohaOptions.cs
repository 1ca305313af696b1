namespace AlpacaCot.Specs.Methods;

/// <summary>LoHa (Hyeon-Woo et al. 2022, arXiv:2108.06098): the update is the element-wise product of two low-rank matrices.</summary>
public static class LohaOptions
{
    /// <summary>Rank of each factor.</summary>
    public static MethodOption R { get; } = new("r", OptionKind.Integer, 8, "Rank of each of the two factors") { Min = 1, Max = 4096 };

    /// <summary>Scale.</summary>
    public static MethodOption Alpha { get; } = new("alpha", OptionKind.Number, 8.0, "Scale: the update is multiplied by alpha / r") { Above = true };

    /// <summary>Projections that get an update.</summary>
    public static MethodOption Targets => LoraOptions.Targets;

    /// <summary>Other ranks.</summary>
    public static MethodOption RankPattern => LoraOptions.RankPattern;

    /// <summary>Other scales.</summary>
    public static MethodOption AlphaPattern => LoraOptions.AlphaPattern;

    /// <summary>How it starts.</summary>
    public static MethodOption Init { get; } = new("init_weights", OptionKind.Flag, true, "Whether it starts as the base; from random values otherwise");

    /// <summary>The method.</summary>
    public static MethodDefinition Method { get; } = new(
        "loha", "LOHA", 3e-4, "LoRA's: the update is of the same size",
        [R, Alpha, Targets, LoraOptions.Exclude, LoraOptions.Layers, LoraOptions.LayersPattern, RankPattern, AlphaPattern, Init, OwnWeightsOptions.ModulesToSave])
    {
        Size = (method, model) => AdapterSize.Chosen(method, model).Sum(target => 2L * AdapterSize.Rank(method, R!, RankPattern, target) * (target.In + target.Out)),
        NotBuilt =
        [
            new("rank_dropout", 0.0, "dropout of ranks"), new("module_dropout", 0.0, "dropout of whole modules"), new("use_effective_conv2d", false, "convolutions"),
        ],
    };
}
