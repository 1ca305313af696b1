using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using AlpacaCot.Client.Library;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Methods;
using AlpacaCot.Specs.Optimisers;
using AlpacaCot.Specs.Schedules;
using AlpacaCot.Specs.Suites;
using AlpacaCot.Worker.Protocol;
using AlpacaCot.Worker.Protocol.Tools;

namespace AlpacaCot.Client.Running;

/// <summary>Something that a sweep or a command can name.</summary>
/// <param name="Name">Its name.</param>
/// <param name="About">One line.</param>
/// <param name="Facts">What else is to be said, each by its name.</param>
/// <param name="Options">Its options.</param>
/// <param name="Example">How it is written in a sweep file.</param>
internal sealed record CatalogueEntry(string Name, string About, IReadOnlyList<(string Name, string Value)> Facts, IReadOnlyList<CatalogueOption> Options, string? Example)
{
    /// <summary>Whether a model can be trained as it is.</summary>
    public bool Usable { get; init; }

    /// <summary>All of it as a JSON document.</summary>
    public JsonObject ToJson()
    {
        var document = new JsonObject { ["name"] = Name, ["about"] = About };
        foreach (var (name, value) in Facts) document[name] = value;
        if (Options.Count > 0) document["options"] = JsonSerializer.SerializeToNode(Options, Frames.Json);
        if (Example is not null) document["example"] = Example;
        return document;
    }
}

/// <summary>An option of something.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">The type of its value, or the words that it takes.</param>
/// <param name="Default">What is taken where it is left out; null where that is nothing, or follows from something else.</param>
/// <param name="Meaning">One sentence.</param>
/// <param name="Required">Whether it must be given.</param>
internal sealed record CatalogueOption(string Name, string Type, string? Default, string Meaning, bool Required = false);

/// <summary>What a sweep and the commands can name, by kind: from the same declarations that read and judge them.</summary>
internal static class Catalogue
{
    /// <summary>The adapter methods, with all their options.</summary>
    public static IReadOnlyList<CatalogueEntry> Methods { get; } = [.. MethodCatalogue.All.Select(Method)];

    /// <summary>The evaluation suites, with all their options.</summary>
    public static IReadOnlyList<CatalogueEntry> Suites { get; } = [.. SuiteCatalogue.All.Select(Suite)];

    /// <summary>The learning rate schedules, with their own numbers.</summary>
    public static IReadOnlyList<CatalogueEntry> Schedules { get; } = [.. ScheduleCatalogue.All.Select(Schedule)];

    /// <summary>The optimisers, with their own settings.</summary>
    public static IReadOnlyList<CatalogueEntry> Optimisers { get; } = [.. OptimiserCatalogue.All.Select(Optimiser)];

    /// <summary>The models of the home.</summary>
    public static async Task<IReadOnlyList<CatalogueEntry>> ModelsAsync(ClientContext context, CancellationToken stop)
        => [.. (await ToolRunner.AskAsync(context, new ModelsRequest(), stop)).Select(model => new CatalogueEntry(
            model.Name, model.Problem ?? $"{(model.ModelType.Length == 0 ? "no family named" : model.ModelType)}{(model.Supported ? "" : ", not built")}{(model.Tokenizer ? "" : ", no tokenizer")}",
            [("path", model.Path), ("model_type", model.ModelType), ("tokenizer", model.Tokenizer ? "yes" : "no"), ("bytes", model.Bytes.ToString(CultureInfo.InvariantCulture))], [],
            $"{{ name: {model.Name}, path: {model.Name} }}") { Usable = model is { Supported: true, Tokenizer: true, Problem: null } })];

    /// <summary>The data sets that can be named.</summary>
    public static async Task<IReadOnlyList<CatalogueEntry>> DataAsync(ClientContext context, CancellationToken stop)
        => [.. (await ToolRunner.AskAsync(context, new DataSetsRequest(), stop)).Select(set => new CatalogueEntry(
            set.Name, $"{(set.Language.Length > 0 ? $"{set.Language}, " : "")}{set.About}{(set.Present ? "" : " (not there)")}",
            [("task", set.Task), ("generation", set.Generation), ("rows", set.Rows?.ToString(CultureInfo.InvariantCulture) ?? "unknown"), ("licence", set.Licence), ("source", set.Source), ("present", set.Present ? "yes" : "no"), ("files", string.Join(" ", set.Files)), ("expected", string.Join(" or ", set.Expected.Select(file => Path.Combine(context.Home.Datasets, file))))], [],
            $"{{ name: {set.Name}, sources: [{set.Name}] }}"))];

    /// <summary>The prompt templates.</summary>
    public static async Task<IReadOnlyList<CatalogueEntry>> TemplatesAsync(ClientContext context, CancellationToken stop)
        => [.. (await ToolRunner.AskAsync(context, new TemplatesRequest(), stop)).Select(template => new CatalogueEntry(
            template.Name, $"{template.PromptWithoutInput.ReplaceLineEndings("⏎")}{template.ResponsePrefix}…",
            [("prompt with input", template.PromptWithInput), ("prompt without input", template.PromptWithoutInput), ("before the answer", template.ResponsePrefix), ("sha256", template.Sha256)], [],
            $"template: {template.Name}"))];

    private static CatalogueEntry Method(MethodDefinition method) => new(
        method.Name, string.Create(CultureInfo.InvariantCulture, $"PEFT's {method.PeftType}; learning rate {method.DefaultLearningRate} where none is given"),
        [("peft_type", method.PeftType), ("learning_rate", string.Create(CultureInfo.InvariantCulture, $"{method.DefaultLearningRate} ({method.LearningRateReason})"))],
        [.. method.Options.Select(option => new CatalogueOption(
            option.ShortName == option.Name ? option.Name : $"{option.ShortName} ({option.Name})", TypeOf(option), option.Default?.ToJsonString(ClientJson.Options), option.Meaning))],
        $"{{ name: my-{method.Name}, method: {method.Name}{(method.Options.FirstOrDefault(o => o.Default is not null && o.Kind is OptionKind.Integer) is { } first ? $", {first.ShortName}: {first.Default!.ToJsonString()}" : "")} }}");

    private static string TypeOf(MethodOption option) => option.Kind switch
    {
        OptionKind.Integer => $"whole number, {option.Limits}",
        OptionKind.Number => $"number, {option.Limits}",
        OptionKind.Flag => "true or false",
        OptionKind.Modules => "all-linear, names, or a pattern",
        OptionKind.Integers => "whole numbers",
        OptionKind.Text => "text",
        OptionKind.Texts => "words",
        OptionKind.Choice => string.Join(", ", option.ShownChoices),
        OptionKind.IntegerMap => "pattern to whole number",
        _ => "pattern to number",
    };

    private static CatalogueEntry Suite(SuiteDefinition suite) => new(
        suite.Name, suite.Meaning, [("rows", suite.Rows), ("metrics", string.Join(", ", suite.Metrics))],
        [.. suite.AllOptions.Select(option => new CatalogueOption(option.Name, TypeOf(option), DefaultOf(option), option.Meaning, option.Required))], suite.Example);

    private static string TypeOf(SuiteOption option) => option.Kind switch
    {
        SuiteOptionKind.Text => "text",
        SuiteOptionKind.Texts => "text or list of texts",
        SuiteOptionKind.File => "file",
        SuiteOptionKind.Files => "file, folder or list of files",
        SuiteOptionKind.Integer => Limited("whole number", option),
        SuiteOptionKind.Integers => Limited("list of whole numbers", option),
        SuiteOptionKind.Flag => "true or false",
        SuiteOptionKind.Choice => string.Join(", ", option.Choices),
        _ => "list of mappings",
    };

    private static string Limited(string type, SuiteOption option) => option.Limits.Length == 0 ? type : $"{type} {option.Limits}";

    /// <summary>The default as a user would write it; null where nothing is taken.</summary>
    private static string? DefaultOf(SuiteOption option) => option switch
    {
        { Default: null } or { Default: JsonArray { Count: 0 } } => null,
        { Name: "limit" } when option.Default.GetValue<int>() == 0 => null,
        { Kind: SuiteOptionKind.File } => null,
        _ when option.Default.GetValueKind() == JsonValueKind.String && option.Default.GetValue<string>() is { Length: > 0 } text && text == text.Trim() => text,
        _ => option.Default.ToJsonString(ClientJson.Options),
    };

    private static CatalogueEntry Schedule(ScheduleDefinition schedule) => new(schedule.Name, schedule.Meaning, [], Options(schedule.Arguments), Example("schedule", schedule.Name, schedule.Arguments));

    private static CatalogueEntry Optimiser(OptimiserDefinition optimiser) => new(
        optimiser.Name, optimiser.Meaning, [("reads", optimiser.IsAdam ? "weight_decay, adam_beta1, adam_beta2, adam_epsilon" : "weight_decay")], Options(optimiser.Arguments),
        Example("optimizer", optimiser.Name, optimiser.Arguments));

    private static IReadOnlyList<CatalogueOption> Options(IReadOnlyList<TrainingArgument> arguments) => [.. arguments.Select(argument => new CatalogueOption(
        argument.Name, argument.Flag || argument.Choices.Count > 0 ? argument.Limits : "number", argument.Default is { } otherwise ? Text(argument, otherwise) : null, argument.Meaning))];

    private static string Example(string key, string name, IReadOnlyList<TrainingArgument> arguments) => arguments is [var first, ..]
        ? $"training: {{ {key}: {name}, {key}_arguments: {{ {first.Name}: {Text(first, first.Default ?? (first.Max > 1 ? 1000 : first.Max))} }} }}" : $"training: {{ {key}: {name} }}";

    private static string Text(TrainingArgument argument, double value) => argument.Write(value).ToJsonString(ClientJson.Options).Trim('"');
}
