using System.Text.Json.Nodes;

namespace AlpacaCot.Specs.Methods;

/// <summary>LoRA (Hu et al. 2021, arXiv:2106.09685): y = W x + (alpha / r) · B A x.</summary>
internal static class LoraDefinition
{
    private const string NotYet = "leave it out";

    public static MethodDefinition Method { get; } = new(
        "lora", "LORA", 3e-4, "the rate of Alpaca-LoRA and Alpaca-CoT",
        [
            new("r", OptionKind.Integer, JsonValue.Create(8), "Rank of the update.") { Min = 1, Max = 4096 },
            new("lora_alpha", OptionKind.Number, JsonValue.Create(16), "Scale: the update is multiplied by alpha / r.") { Aliases = ["alpha"], Min = 0, Above = true },
            new("lora_dropout", OptionKind.Number, JsonValue.Create(0.0), "Dropout on the update's input.") { Aliases = ["dropout"], Min = 0, Max = 0.95 },
            new("target_modules", OptionKind.Modules, null, "Projections that get an update: names, or all-linear; by default the family's.") { Aliases = ["targets"] },
            new("use_rslora", OptionKind.Flag, JsonValue.Create(false), "Scale by alpha / √r (Kalajdzievski 2023, arXiv:2312.03732).") { Aliases = ["rslora"] },
            new("exclude_modules", OptionKind.Modules, null, "Projections that get none, though they are targets.") { Aliases = ["exclude"] },
            new("layers_to_transform", OptionKind.Integers, null, "Numbers of the blocks that get an update, from 0; by default all.") { Aliases = ["layers"] },
            new("rank_pattern", OptionKind.IntegerMap, null, "Other ranks, by the end of a module's path.") { Min = 1, Max = 4096 },
            new("alpha_pattern", OptionKind.IntegerMap, null, "Other alphas, by the end of a module's path.") { Min = 1 },
            new("init_lora_weights", OptionKind.Choice, JsonValue.Create(true), "How A starts: true is Kaiming uniform, gaussian is N(0, 1/r); B is zero.") { Aliases = ["init"], Choices = ["true", "gaussian"] },
        ])
    {
        NotBuilt = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["use_dora"] = NotYet, ["dora"] = NotYet, ["bias"] = NotYet, ["modules_to_save"] = NotYet, ["layer_replication"] = NotYet, ["lora_bias"] = NotYet,
        },
    };
}
