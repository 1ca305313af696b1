using System.Text.Json.Nodes;
using AlpacaCot.Specs.Facts;

namespace AlpacaCot.Specs.Methods;

/// <summary>AdaLoRA (Zhang et al. 2023, arXiv:2303.10512): low-rank updates whose ranks are allocated in training.</summary>
public static class AdaLoraOptions
{
    /// <summary>Rank at the start.</summary>
    public static MethodOption InitR { get; } = new("init_r", OptionKind.Integer, 12, "Rank of each update at the start") { Min = 1, Max = 4096 };

    /// <summary>Mean rank at the end.</summary>
    public static MethodOption TargetR { get; } = new("target_r", OptionKind.Integer, 8, "Mean rank of the updates at the end") { Min = 1, Max = 4096 };

    /// <summary>Scale.</summary>
    public static MethodOption Alpha { get; } = new("lora_alpha", OptionKind.Number, 16.0, "Scale of the update, over its first rank") { Aliases = ["alpha"], AbsentInFile = 8.0, Above = true };

    /// <summary>Dropout.</summary>
    public static MethodOption Dropout { get; } = new("lora_dropout", OptionKind.Number, 0.0, "Dropout on the update's input") { Aliases = ["dropout"], Max = 0.999999 };

    /// <summary>Steps before the budget falls.</summary>
    public static MethodOption TInit { get; } = new("tinit", OptionKind.Integer, 0, "Steps at the first rank") { Aliases = ["t_init"] };

    /// <summary>Steps at the final ranks.</summary>
    public static MethodOption TFinal { get; } = new("tfinal", OptionKind.Integer, 0, "Steps at the final ranks") { Aliases = ["t_final"] };

    /// <summary>Steps between two allocations.</summary>
    public static MethodOption DeltaT { get; } = new("deltaT", OptionKind.Integer, 1, "Steps between two allocations of the budget") { Aliases = ["delta_t"], Min = 1 };

    /// <summary>Smoothing of importance.</summary>
    public static MethodOption Beta1 { get; } = new("beta1", OptionKind.Number, 0.85, "Smoothing of importance") { Aliases = ["importance_beta1"], Max = 0.999999 };

    /// <summary>Smoothing of uncertainty.</summary>
    public static MethodOption Beta2 { get; } = new("beta2", OptionKind.Number, 0.85, "Smoothing of importance's uncertainty") { Aliases = ["importance_beta2"], Max = 0.999999 };

    /// <summary>Weight of the orthogonality loss.</summary>
    public static MethodOption OrthogonalWeight { get; } = new("orth_reg_weight", OptionKind.Number, 0.5, "Weight of the loss that keeps A and B orthogonal") { Aliases = ["orthogonal_weight"] };

    /// <summary>Steps of the training.</summary>
    public static MethodOption TotalStep { get; } = new("total_step", OptionKind.Integer, null, "Optimiser steps of the whole training, which the budget's schedule is laid over; must be given") { Aliases = ["total_steps"], Min = 1 };

    /// <summary>Projections that get an update.</summary>
    public static MethodOption Targets { get; } = new("target_modules", OptionKind.Modules, null, "Projections that get an update: names, all-linear, or a regular expression of whole paths") { Aliases = ["targets"] };

    /// <summary>Projections that get none.</summary>
    public static MethodOption Exclude { get; } = new("exclude_modules", OptionKind.Modules, null, "Projections that get none, though they are targets") { Aliases = ["exclude"] };

    /// <summary>Blocks that get an update.</summary>
    public static MethodOption Layers { get; } = new("layers_to_transform", OptionKind.Integers, null, "Numbers of the blocks that get an update, from 0; all otherwise") { Aliases = ["layers"] };

    /// <summary>The lists of blocks that <see cref="Layers"/> counts in.</summary>
    public static MethodOption LayersPattern { get; } = new("layers_pattern", OptionKind.Texts, null, "Names of the lists of blocks in which layers counts, where a path has several numbers");

    /// <summary>The method.</summary>
    public static MethodDefinition Method { get; } = new(
        "adalora", "ADALORA", 1e-3, "its updates start at zero in three factors and move slower than LoRA's: the middle of the paper's rates",
        [InitR, TargetR, Alpha, Dropout, TInit, TFinal, DeltaT, Beta1, Beta2, OrthogonalWeight, TotalStep, Targets, Exclude, Layers, LayersPattern, OwnWeightsOptions.Biases("lora_only"), OwnWeightsOptions.ModulesToSave])
    {
        Meaning = "Low-rank updates whose ranks move, while it trains, to where they matter (Zhang et al. 2023)",
        // A, B and a singular value for each rank.
        Size = (method, model) => AdapterSize.Chosen(method, model).Sum(target => (long)AdapterSize.Integer(method, InitR) * (target.In + target.Out + 1)),
        Faults = Check,
        NotBuilt =
        [
            new("alpha_pattern", new JsonObject(), "other alphas by module"),
            new("use_rslora", false, "rank-stabilised scale"),
            new("use_dora", false, "DoRA"),
            .. LoraOptions.UnbuiltVariants,
        ],
    };

    /// <summary>Why the schedule of a budget cannot be: the option to mend, and one line; null where it can.</summary>
    public static (MethodOption Option, string Message)? ScheduleFault(int? totalStep, int tinit, int tfinal)
    {
        if (totalStep is not { } total)
            return (TotalStep, "total_step is missing: the budget's schedule is laid over the optimiser steps of the whole training (rows / batch_size × epochs, or max_steps)");
        if (total < 1) return (TotalStep, FormattableString.Invariant($"total_step = {total} must be at least 1"));
        if ((long)tinit + tfinal < total) return null;
        // The longer of the two takes the room.
        return (tinit >= tfinal ? TInit : TFinal, FormattableString.Invariant($"tinit {tinit} and tfinal {tfinal} leave no steps of {total} in which the budget could fall"));
    }

    /// <summary>What is odd about a schedule that is laid over other steps than the training has, one line; null where it fits.</summary>
    public static string? StepsRemark(int totalStep, int steps) => totalStep == steps ? null : FormattableString.Invariant($"total_step {totalStep} is not the {steps} optimiser steps of this training: ")
        + (totalStep > steps ? "the ranks do not fall to target_r before it ends" : "the ranks are final before it ends");

    private static IEnumerable<(string Option, string Message)> Check(MethodSpec method, ModelFacts? model)
    {
        if (model is not null) yield break;
        int? total = method.Options.TryGetValue(TotalStep.Name, out var given) ? given.GetInt32() : null;
        if (ScheduleFault(total, AdapterSize.Integer(method, TInit), AdapterSize.Integer(method, TFinal)) is { } fault) yield return (fault.Option.ShortName, fault.Message);
    }
}
