using System.CommandLine;
using System.Text;
using AlpacaCot.Client.Commands;
using AlpacaCot.Client.Running;
using AlpacaCot.Data.Catalogue;
using AlpacaCot.Data.Templates;
using AlpacaCot.Specs.CommandLine;

namespace AlpacaCot.Tests.Client;

/// <summary><c>docs/reference.md</c>: every command, key and option, from the declarations by which they are read and judged.</summary>
internal static class ReferencePage
{
    /// <summary>The page.</summary>
    public static string Render()
    {
        var page = new StringBuilder("""
            # Reference

            Every command, key and option with its default: written from the declarations by which they are read and judged (`ALPACACOT_WRITE_DOCS=1 ./alpacacot test --filter DisplayName~ReferencePage` writes it
            anew). The same is shown by `--help`, `list` and `show`.

            ## Commands


            """);
        Table(page, ["command", "what it does"], Commands(CommandTree.Build(() => throw new InvalidOperationException())).Select(command => (string[])[$"`{command.Path}`", command.What]));
        Section(page, "Training", "Keys of `training`, and options of `train` (`batch_size` is `--batch-size`).");
        Table(page, ["key", "meaning"], TrainOptions.All.SkipWhile(option => option.Key != "epochs").Where(option => option.Key != "seed").Select(option => (string[])[$"`{option.Key}`", option.Meaning]));
        Section(page, "Schedules", "`training.schedule`, with its own numbers in `schedule_arguments`.");
        Entries(page, Catalogue.Schedules);
        Section(page, "Decoding", "Keys of `decoding`, and options of `eval` and `generate`. `strategy` is `greedy` or `sample`; on a command line a temperature samples.");
        Table(page, ["key", "meaning"], AskingOptions.Decoding.Select(option => (string[])[$"`{option.Key}`", option.Meaning]));
        Section(page, "Methods", "Values of the axis `peft`; the options stand beside `name` and `method`, and are options of `train`.");
        Entries(page, Catalogue.Methods);
        Section(page, "Suites", "Entries of `evaluation`: `name`, `limit` and `few_shot` stand beside `suite`, the others under `options`; `eval` takes them with `--suite-options`. [Evaluation](evaluation.md) explains how answers are judged.");
        Entries(page, Catalogue.Suites);
        Section(page, "Templates", "`template` of a sweep or of a data mix.");
        Table(page, ["template", "prompt of a record without an input, up to the answer"], PromptTemplates.All.Select(t => (string[])[$"`{t.Name}`", $"`{(t.PromptWithoutInput + t.ResponsePrefix).ReplaceLineEndings("⏎")}`"]));
        Section(page, "Data sets", "Names that stand for files under the home's `datasets/`, or the sweep file's folder.");
        Table(page, ["name", "language", "what it is", "files"], DatasetCatalogue.Known.Select(set => (string[])[$"`{set.Name}`", set.Language, set.About, string.Join(" or ", set.Patterns.Select(pattern => $"`{pattern}`"))]));
        return page.ToString().ReplaceLineEndings("\n");
    }

    private static IEnumerable<(string Path, string What)> Commands(Command command, string path = "")
        => command.Subcommands.OrderBy(sub => sub.Name, StringComparer.Ordinal).SelectMany(sub =>
        {
            var name = $"{path} {sub.Name}".Trim();
            var own = sub.Subcommands.Count == 0 || sub.Action is not null ? [($"{name}{string.Concat(sub.Arguments.Select(argument => $" {argument.Name}"))}", sub.Description ?? "")] : Array.Empty<(string, string)>();
            return own.Concat(Commands(sub, name));
        });

    private static void Section(StringBuilder page, string title, string text) => page.Append($"\n## {title}\n\n{text}\n\n");

    private static void Entries(StringBuilder page, IReadOnlyList<CatalogueEntry> entries)
    {
        foreach (var entry in entries)
        {
            page.Append($"**`{entry.Name}`**: {entry.About}.");
            foreach (var (name, value) in entry.Facts) page.Append($" {char.ToUpperInvariant(name[0])}{name[1..].Replace('_', ' ')}: {value}.");
            page.Append($" `{entry.Example}`\n\n");
            if (entry.Options.Count == 0) continue;
            Table(page, ["option", "value", "default", "meaning"], entry.Options.Select(option => (string[])
                [$"`{option.Name}`", option.Type, option.Required ? "required" : option.Default is { } value ? $"`{value}`" : "", option.Meaning]));
            page.Append('\n');
        }
    }

    private static void Table(StringBuilder page, string[] header, IEnumerable<string[]> rows)
    {
        page.Append($"| {string.Join(" | ", header)} |\n|{string.Concat(header.Select(_ => "---|"))}\n");
        foreach (var row in rows) page.Append($"| {string.Join(" | ", row.Select(cell => cell.Replace("|", "\\|", StringComparison.Ordinal)))} |\n");
    }
}

/// <summary>The page in the checkout is the one that the declarations give.</summary>
public sealed class ReferencePageTests
{
    private const string Write = "ALPACACOT_WRITE_DOCS";

    [Fact]
    public void Reference_IsCurrent()
    {
        var file = Path.Combine(Checkout(), "docs", "reference.md");
        if (Environment.GetEnvironmentVariable(Write) == "1") File.WriteAllText(file, ReferencePage.Render());
        Assert.True(File.Exists(file) && File.ReadAllText(file) == ReferencePage.Render(), $"docs/reference.md is not what the declarations give: run this test with {Write}=1, which writes it");
    }

    private static string Checkout()
    {
        var at = new DirectoryInfo(AppContext.BaseDirectory);
        while (at is not null && !File.Exists(Path.Combine(at.FullName, "AlpacaCot.Orleans.sln"))) at = at.Parent;
        return at?.FullName ?? throw new DirectoryNotFoundException($"no checkout above {AppContext.BaseDirectory}");
    }
}
