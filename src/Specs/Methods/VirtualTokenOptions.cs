using AlpacaCot.Specs.Facts;

namespace AlpacaCot.Specs.Methods;

/// <summary>What the methods with virtual tokens share.</summary>
internal static class VirtualTokenOptions
{
    /// <summary>Fields of PEFT's that are not built for any of them.</summary>
    public static IReadOnlyList<UnbuiltOption> NotBuilt { get; } =
        [new("num_transformer_submodules", 1, "encoder-decoder models")];

    /// <summary>Their number: 20 is the study's.</summary>
    public static MethodOption Number(string meaning) => new("num_virtual_tokens", OptionKind.Integer, 20, meaning) { Aliases = ["virtual_tokens"], Min = 1, Max = 1 << 20 };

    /// <summary>Width of an encoder: 128 is the study's.</summary>
    public static MethodOption EncoderHidden(string meaning) => new("encoder_hidden_size", OptionKind.Integer, 128, meaning) { Aliases = ["encoder_hidden"], Min = 1, Max = 1 << 20 };

    /// <summary>Too many virtual tokens for a base.</summary>
    public static IEnumerable<(string Option, string Message)> Faults(MethodSpec method, ModelFacts? model, MethodOption number)
    {
        if (model is { MaxPositions: { } room } && AdapterSize.Integer(method, number) is var count && count >= room)
            yield return (number.ShortName, FormattableString.Invariant($"{count} virtual tokens leave no room in {model.Name}'s context of {room} tokens"));
    }

    /// <summary>Width of the residual stream: the input of the first projection.</summary>
    public static long HiddenWidth(ModelFacts model) => model.Projections.Count > 0 ? model.Projections[0].In : 0;

    /// <summary>Width of a block's keys.</summary>
    public static long KeyWidth(ModelFacts model)
        => model.Projections.FirstOrDefault(projection => projection.Path.EndsWith("k_proj", StringComparison.Ordinal))?.Out ?? HiddenWidth(model);
}
