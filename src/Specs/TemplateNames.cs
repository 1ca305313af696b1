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

    /// <summary>Alpaca-CoT's form in Chinese.</summary>
    public const string AlpacaChinese = "alpaca-zh";

    /// <summary>The same with a line break before the answer.</summary>
    public const string AlpacaChineseNewline = "alpaca-zh-newline";

    /// <summary>Chat templates that no model needs to bring, without <see cref="NamedChat"/>.</summary>
    public static IReadOnlyList<string> NamedChats { get; } =
        ["alpaca", "vicuna", "chatml", "chatglm", "chatglm2", "chatglm3", "moss", "internlm", "internlm2", "baichuan", "baichuan2", "llama-2", "llama-3"];

    /// <summary>All prompt templates.</summary>
    public static IReadOnlyList<string> All { get; } = [Alpaca, AlpacaNewline, AlpacaShort, Goat, Plain, AlpacaChinese, AlpacaChineseNewline];

    /// <summary>Everything that a spec can name: the prompt templates, the model's own chat template, and the named ones.</summary>
    public static IReadOnlyList<string> Known { get; } = [.. All, Chat, .. NamedChats.Select(name => NamedChat + name)];

    /// <summary>Languages that prompts can be in.</summary>
    public static IReadOnlyList<string> Languages { get; } = ["en", "zh"];

    private static readonly (string English, string Chinese)[] Pairs = [(Alpaca, AlpacaChinese), (AlpacaNewline, AlpacaChineseNewline)];

    /// <summary>The template that says the same in a language, which may be the template itself; null where there is none.</summary>
    public static string? In(string template, string language)
        => Pairs.Where(pair => pair.English == template || pair.Chinese == template).Select(pair => language == "zh" ? pair.Chinese : pair.English).FirstOrDefault();
}
