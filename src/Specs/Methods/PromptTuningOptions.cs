namespace AlpacaCot.Specs.Methods;

/// <summary>Prompt tuning (Lester et al. 2021, arXiv:2104.08691): learnt rows in front of the embedded tokens.</summary>
public static class PromptTuningOptions
{
    /// <summary>Number of virtual tokens.</summary>
    public static MethodOption VirtualTokens { get; } = VirtualTokenOptions.Number("Learnt rows in front of the embedded tokens");

    /// <summary>How they start.</summary>
    public static MethodOption Init { get; } = new("prompt_tuning_init", OptionKind.Choice, "RANDOM", "How the rows start: RANDOM is N(0, 1), TEXT the embedded tokens of init_text, SAMPLE_VOCAB those of tokens drawn at random")
    {
        Aliases = ["prompt_init"], Choices = ["RANDOM", "TEXT", "SAMPLE_VOCAB"],
    };

    /// <summary>The text that they start from.</summary>
    public static MethodOption InitText { get; } = new("prompt_tuning_init_text", OptionKind.Text, null, "The text that the rows start from, repeated or cut to their number") { Aliases = ["init_text"] };

    /// <summary>The method.</summary>
    public static MethodDefinition Method { get; } = new(
        "prompt", "PROMPT_TUNING", 3e-2, "so few parameters need a high rate: that of PEFT's prompt tuning example",
        [VirtualTokens, Init, InitText, OwnWeightsOptions.ModulesToSave])
    {
        Size = (method, model) => AdapterSize.Integer(method, VirtualTokens) * VirtualTokenOptions.HiddenWidth(model),
        VirtualRows = method => AdapterSize.Integer(method, VirtualTokens),
        Faults = (method, model) =>
        [
            .. VirtualTokenOptions.Faults(method, model, VirtualTokens),
            .. model is null && AdapterSize.Word(method, Init) == "TEXT" && AdapterSize.Word(method, InitText).Length == 0 ? [("init_text", "prompt_init TEXT needs init_text")] : Array.Empty<(string, string)>(),
        ],
        NotBuilt = VirtualTokenOptions.NotBuilt,
    };
}
