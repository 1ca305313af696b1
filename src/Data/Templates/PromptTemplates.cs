using AlpacaCot.Specs;

namespace AlpacaCot.Data.Templates;

/// <summary>The templates that a spec can name.</summary>
public static class PromptTemplates
{
    /// <summary>The template of a spec that names none.</summary>
    public const string Default = TemplateNames.Alpaca;

    private const string WithInput =
        "Below is an instruction that describes a task, paired with an input that provides further context. "
        + "Write a response that appropriately completes the request.\n\n### Instruction:\n{instruction}\n\n### Input:\n{input}\n\n### Response:";

    private const string WithoutInput =
        "Below is an instruction that describes a task. "
        + "Write a response that appropriately completes the request.\n\n### Instruction:\n{instruction}\n\n### Response:";

    private const string Mark = "### Response:";

    /// <summary>Alpaca-CoT's form: no line break after <c>### Response:</c>, a space before the answer.</summary>
    public static PromptTemplate Alpaca { get; } = new(TemplateNames.Alpaca, WithInput, WithoutInput, " ", Mark);

    /// <summary>Stanford Alpaca's and alpaca-lora's form: a line break after <c>### Response:</c>.</summary>
    public static PromptTemplate AlpacaNewline { get; } = new(TemplateNames.AlpacaNewline, WithInput + "\n", WithoutInput + "\n", "", Mark);

    /// <summary>alpaca-lora's short form: the <c>###</c> blocks alone.</summary>
    public static PromptTemplate AlpacaShort { get; } = new(TemplateNames.AlpacaShort,
        "### Instruction:\n{instruction}\n\n### Input:\n{input}\n\n### Response:\n",
        "### Instruction:\n{instruction}\n\n### Response:\n", "", Mark);

    /// <summary>Goat's form (Liu and Low 2023). A Goat record's input is the clean expression and is not shown.</summary>
    public static PromptTemplate Goat { get; } = new(TemplateNames.Goat, "{instruction}\nAnswer: ", "{instruction}\nAnswer: ", "", "Answer:");

    /// <summary>The instruction, the input on a line of its own, the answer on the next.</summary>
    public static PromptTemplate Plain { get; } = new(TemplateNames.Plain, "{instruction}\n{input}\n", "{instruction}\n", "", "\n");

    /// <summary>All of them.</summary>
    public static IReadOnlyList<PromptTemplate> All { get; } = [Alpaca, AlpacaNewline, AlpacaShort, Goat, Plain];

    /// <summary>The template of a name.</summary>
    /// <exception cref="DatasetException">There is none; the message lists the known ones.</exception>
    public static PromptTemplate Get(string name)
        => All.FirstOrDefault(template => template.Name == name)
        ?? throw new DatasetException($"template {name}: unknown; known: {string.Join(", ", All.Select(template => template.Name))}");
}
