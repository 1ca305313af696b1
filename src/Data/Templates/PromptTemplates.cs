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

    private const string ChineseWithInput = "下面是一条描述任务的指令，并附有提供更多背景的输入。请写出恰当完成该请求的回答。\n\n### 指令：\n{instruction}\n\n### 输入：\n{input}\n\n### 回答：";

    private const string ChineseWithoutInput = "下面是一条描述任务的指令。请写出恰当完成该请求的回答。\n\n### 指令：\n{instruction}\n\n### 回答：";

    private const string ChineseMark = "### 回答：";

    /// <summary>Alpaca-CoT's form in Chinese; the wording is ours.</summary>
    public static PromptTemplate AlpacaChinese { get; } = new(TemplateNames.AlpacaChinese, ChineseWithInput, ChineseWithoutInput, " ", ChineseMark);

    /// <summary>The same with a line break before the answer.</summary>
    public static PromptTemplate AlpacaChineseNewline { get; } = new(TemplateNames.AlpacaChineseNewline, ChineseWithInput + "\n", ChineseWithoutInput + "\n", "", ChineseMark);

    /// <summary>All of them.</summary>
    public static IReadOnlyList<PromptTemplate> All { get; } = [Alpaca, AlpacaNewline, AlpacaShort, Goat, Plain, AlpacaChinese, AlpacaChineseNewline];

    /// <summary>The template that says the same in a language; the template itself where no language is asked for.</summary>
    /// <exception cref="DatasetException">It has no form in that language.</exception>
    public static PromptTemplate In(PromptTemplate template, string? language)
        => language is null ? template : TemplateNames.In(template.Name, language) is { } name ? Get(name) : throw new DatasetException($"template {template.Name}: has no form in the language {language}");

    /// <summary>The template of a name.</summary>
    /// <exception cref="DatasetException">There is none; the message lists the known ones.</exception>
    public static PromptTemplate Get(string name)
        => All.FirstOrDefault(template => template.Name == name)
        ?? throw new DatasetException($"template {name}: unknown; known: {string.Join(", ", All.Select(template => template.Name))}");
}
