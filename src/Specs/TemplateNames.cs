namespace AlpacaCot.Specs;

/// <summary>Names of the prompt templates that a spec can name; their texts are the data room's.</summary>
public static class TemplateNames
{
    /// <summary>Alpaca-CoT's form, and the template of a spec that names none.</summary>
    public const string Alpaca = "alpaca";

    /// <summary>Stanford Alpaca's and alpaca-lora's form.</summary>
    public const string AlpacaNewline = "alpaca-newline";

    /// <summary>alpaca-lora's short form.</summary>
    public const string AlpacaShort = "alpaca_short";

    /// <summary>Goat's form.</summary>
    public const string Goat = "goat";

    /// <summary>Instruction, input and answer on lines of their own.</summary>
    public const string Plain = "plain";

    /// <summary>The chat template that a model brings.</summary>
    public const string Chat = "chat";

    /// <summary>Before the name of a chat template that no model needs to bring.</summary>
    public const string NamedChat = "chat:";

    /// <summary>All prompt templates.</summary>
    public static IReadOnlyList<string> All { get; } = [Alpaca, AlpacaNewline, AlpacaShort, Goat, Plain];
}
