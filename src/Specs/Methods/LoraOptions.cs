using System.Globalization;
using System.Text.Json.Nodes;
using AlpacaCot.Specs.Facts;

namespace AlpacaCot.Specs.Methods;

/// <summary>LoRA (Hu et al. 2021, arXiv:2106.09685): y = W x + (alpha / r) · B A x.</summary>
public static class LoraOptions
{
    private const string PissaEstimate = "pissa_niter_";

    // Each iteration makes an estimate closer by its ratio of neighbouring components, squared: more than some tens change nothing.
    private const int MostIterations = 1000;

    /// <summary>Rank of the update.</summary>
    public static MethodOption R { get; } = new("r", OptionKind.Integer, 8, "Rank of the update") { Min = 1, Max = 4096 };

    /// <summary>Scale of the update. Alpaca-LoRA's is 16; PEFT's own default is 8.</summary>
    public static MethodOption Alpha { get; } = new("lora_alpha", OptionKind.Number, 16.0, "Scale: the update is multiplied by alpha / r") { Aliases = ["alpha"], Above = true, AbsentInFile = 8.0 };

    /// <summary>Dropout on the update's input.</summary>
    public static MethodOption Dropout { get; } = new("lora_dropout", OptionKind.Number, 0.0, "Dropout on the update's input") { Aliases = ["dropout"], Max = 0.999999 };

    /// <summary>Projections that get an update.</summary>
    public static MethodOption Targets { get; } = new("target_modules", OptionKind.Modules, null, "Projections that get an update: names, all-linear, or a regular expression of whole paths") { Aliases = ["targets"] };

    /// <summary>Rank-stabilised scale.</summary>
    public static MethodOption UseRsLora { get; } = new("use_rslora", OptionKind.Flag, false, "Scale by alpha / √r (Kalajdzievski 2023, arXiv:2312.03732)") { Aliases = ["rslora"] };

    /// <summary>Projections that get none.</summary>
    public static MethodOption Exclude { get; } = new("exclude_modules", OptionKind.Modules, null, "Projections that get none, though they are targets") { Aliases = ["exclude"] };

    /// <summary>Blocks that get an update.</summary>
    public static MethodOption Layers { get; } = new("layers_to_transform", OptionKind.Integers, null, "Numbers of the blocks that get an update, from 0; all otherwise") { Aliases = ["layers"] };

    /// <summary>The lists of blocks that <see cref="Layers"/> counts in.</summary>
    public static MethodOption LayersPattern { get; } = new("layers_pattern", OptionKind.Texts, null, "Names of the lists of blocks in which layers counts, where a path has several numbers");

    /// <summary>Other ranks.</summary>
    public static MethodOption RankPattern { get; } = new("rank_pattern", OptionKind.IntegerMap, null, "Other ranks, by the end of a module's path") { Min = 1, Max = 4096 };

    /// <summary>Other scales.</summary>
    public static MethodOption AlphaPattern { get; } = new("alpha_pattern", OptionKind.NumberMap, null, "Other alphas, by the end of a module's path") { Above = true };

    /// <summary>How A and B start.</summary>
    public static MethodOption Init { get; } = new("init_lora_weights", OptionKind.Choice, true, "How A and B start: true is A Kaiming uniform and B zero, gaussian is A ~ N(0, 1/r) and B zero, pissa the weight's principal components (pissa_niter_N: estimated by N iterations), false is both Kaiming uniform")
    {
        Aliases = ["init"], Choices = ["true", "gaussian", "pissa", "false"], NumberedChoice = (PissaEstimate + "N", word => PissaIterations(word) is not null),
    };

    /// <summary>Magnitudes of their own.</summary>
    public static MethodOption UseDora { get; } = new("use_dora", OptionKind.Flag, false, "Train each row's magnitude apart from its direction (DoRA, Liu et al. 2024, arXiv:2402.09353)") { Aliases = ["dora"] };

    /// <summary>LoRA+'s ratio.</summary>
    public static MethodOption LoraPlusRatio { get; } = new("loraplus_lr_ratio", OptionKind.Number, null, "Learning rate of B over that of A (LoRA+, Hayou et al. 2024, arXiv:2402.12354); one rate where it is left out") { Aliases = ["lr_ratio"], InFile = false, Above = true, Max = 1e4 };

    /// <summary>LoRA+'s rate of the embedding.</summary>
    public static MethodOption LoraPlusEmbedding { get; } = new("loraplus_lr_embedding", OptionKind.Number, 1e-6, "LoRA+'s learning rate of an embedding's A and B") { Aliases = ["lr_embedding"], InFile = false, Max = 10 };

    /// <summary>All options.</summary>
    public static IReadOnlyList<MethodOption> All { get; } =
        [R, Alpha, Dropout, Targets, UseRsLora, Exclude, Layers, LayersPattern, RankPattern, AlphaPattern, Init, UseDora, OwnWeightsOptions.Biases("lora_only"), OwnWeightsOptions.ModulesToSave, LoraPlusRatio, LoraPlusEmbedding];

    /// <summary>Options of PEFT's low-rank methods that are refused by name where they are switched on.</summary>
    internal static IReadOnlyList<UnbuiltOption> UnbuiltVariants { get; } =
    [
        new("lora_bias", false, "a bias on lora_B"),
        new("layer_replication", null, "replicated layers"),
        new("target_parameters", null, "updates of bare parameters"),
        new("trainable_token_indices", null, "trainable tokens"),
        new("ensure_weight_tying", false, "tied adapters"),
        new("loftq_config", new JsonObject(), "LoftQ"),
        new("eva_config", null, "EVA"),
        new("corda_config", null, "CorDA"),
        new("lora_ga_config", null, "LoRA-GA"),
        new("velora_config", null, "VeLoRA"),
        new("monteclora_config", null, "MonteCLoRA"),
        new("kasa_config", null, "KaSA"),
        new("arrow_config", null, "Arrow routing"),
        new("use_bdlora", null, "BD-LoRA"),
        new("alora_invocation_tokens", null, "activated LoRA"),
        new("use_qalora", false, "QA-LoRA"),
        new("megatron_config", null, "Megatron"),
    ];

    /// <summary>The method.</summary>
    public static MethodDefinition Method { get; } = new(
        "lora", "LORA", 3e-4, "the rate of Alpaca-LoRA and Alpaca-CoT",
        All)
    {
        Size = Size,
        Faults = Check,
        NotBuilt = UnbuiltVariants,
    };

    /// <summary>r rows and r columns for each targeted projection and table, and what variants add.</summary>
    internal static long Size(MethodSpec method, ModelFacts model)
    {
        var dora = MethodCatalogue.AdapterConfig(method)[UseDora.Name]!.GetValue<bool>();
        return AdapterSize.Chosen(method, model).Sum(target => (long)AdapterSize.Rank(method, R, RankPattern, target) * (target.In + target.Out) + (dora ? target.Out : 0))
            + AdapterSize.Tables(model).Sum(table => AdapterSize.Selects(method, Targets, table.Path, otherwise: false) && !AdapterSize.Selects(method, Exclude, table.Path, otherwise: false) && !OwnWeightsOptions.Saves(method, table.Path)
                ? AdapterSize.Rank(method, R, RankPattern, new ProjectionFacts(table.Path)) * (table.Rows + table.Width) : 0);
    }

    /// <summary>PiSSA takes as many components of a weight as the rank says, and leaves no magnitudes apart.</summary>
    internal static IEnumerable<(string Option, string Message)> Check(MethodSpec method, ModelFacts? model)
    {
        var init = MethodCatalogue.AdapterConfig(method)[Init.Name];
        if (init is not JsonValue word || !word.TryGetValue<string>(out var text) || !text.StartsWith("pissa", StringComparison.Ordinal)) yield break;
        if (model is null && MethodCatalogue.AdapterConfig(method)[UseDora.Name]!.GetValue<bool>()) yield return (Init.ShortName, "dora and init: pissa do not go together here: train one of the two");
        if (model is not null && AdapterSize.Chosen(method, model).Where(p => p.In > 0 && p.Out > 0).FirstOrDefault(p => AdapterSize.Rank(method, R, RankPattern, p) > Math.Min(p.In, p.Out)) is { } narrow)
            yield return (R.Name, string.Create(CultureInfo.InvariantCulture, $"pissa takes {AdapterSize.Rank(method, R, RankPattern, narrow)} components of {model.Name}'s {narrow.Path}, which has {Math.Min(narrow.In, narrow.Out)}"));
    }

    /// <summary>The word of <see cref="Init"/> for PiSSA whose components are estimated.</summary>
    /// <param name="iterations">Iterations of the estimate.</param>
    public static string PissaInit(int iterations) => string.Create(CultureInfo.InvariantCulture, $"{PissaEstimate}{iterations}");

    /// <summary>The iterations that a value of <see cref="Init"/> asks for; null where it is another way to start.</summary>
    public static int? PissaIterations(JsonNode? init) => init is JsonValue value && value.TryGetValue<string>(out var word) && word.StartsWith(PissaEstimate, StringComparison.Ordinal)
        && int.TryParse(word.AsSpan(PissaEstimate.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count <= MostIterations ? count : null;
}
