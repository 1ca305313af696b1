using System.CommandLine;
using System.Text.Json.Nodes;
using AlpacaCot.Client.Console;
using AlpacaCot.Client.Library;
using AlpacaCot.Client.Running;
using AlpacaCot.Specs;

namespace AlpacaCot.Client.Commands;

/// <summary><c>list …</c> and <c>show …</c>: what a sweep and the commands can name.</summary>
internal static class CatalogueCommands
{
    private delegate Task<IReadOnlyList<CatalogueEntry>> Load(ClientContext context, CancellationToken stop);

    /// <summary>A kind of things that can be named.</summary>
    /// <param name="Many">As <c>list</c> calls it.</param>
    /// <param name="One">As <c>show</c> calls it.</param>
    /// <param name="What">What <c>list</c> shows.</param>
    /// <param name="Shown">What <c>show</c> shows.</param>
    /// <param name="Example">One of them.</param>
    /// <param name="Entries">All of them.</param>
    private sealed record Kind(string Many, string One, string What, string Shown, string Example, Load Entries);

    private static readonly Kind[] _kinds =
    [
        new("models", "model", "the model directories of this home", "a model directory of this home: family, tokenizer, size", "llama-nano", Catalogue.ModelsAsync),
        new("methods", "method", "the PEFT methods", "a PEFT method: every option and its default", "lora", (_, _) => Task.FromResult(Catalogue.Methods)),
        new("data", "data", "the data sets that can be named, and whether they are there", "a data set: its files, and where they are looked for", "alpaca", Catalogue.DataAsync),
        new("suites", "suite", "the evaluation suites", "an evaluation suite: metrics, every option and its default", "exact-match", (_, _) => Task.FromResult(Catalogue.Suites)),
        new("templates", "template", "the prompt templates", "a prompt template: its texts", "alpaca", Catalogue.TemplatesAsync),
        new("schedules", "schedule", "the learning rate schedules", "a learning rate schedule: its own numbers and their defaults", "cosine", (_, _) => Task.FromResult(Catalogue.Schedules)),
    ];

    /// <summary>Builds the commands.</summary>
    public static IEnumerable<Command> Build(Func<ClientContext> context)
    {
        var list = new Command("list", $"List what can be named: {string.Join(", ", _kinds.Select(kind => kind.Many))}").WithExample("list suites");
        var show = new Command("show", $"Show one: {string.Join(", ", _kinds.Select(kind => kind.One))}").WithExample("show suite exact-match");
        foreach (var kind in _kinds)
        {
            list.Subcommands.Add(List(kind, context));
            show.Subcommands.Add(Show(kind, context));
        }
        return [list, show];
    }

    private static Command List(Kind kind, Func<ClientContext> context)
    {
        var json = CommandTree.JsonOption();
        var command = new Command(kind.Many, $"List {kind.What}") { json }.WithExample($"list {kind.Many}");
        command.SetAction(async (parsed, stop) =>
        {
            var entries = await kind.Entries(context(), stop);
            if (parsed.GetValue(json)) ClientJson.Print(new JsonArray([.. entries.Select(entry => entry.ToJson())]));
            else if (entries.Count == 0) System.Console.Out.WriteLine($"no {kind.Many} yet");
            else CatalogueView.PrintList(entries, System.Console.Out);
            return ExitCodes.Done;
        });
        return command;
    }

    private static Command Show(Kind kind, Func<ClientContext> context)
    {
        var name = new Argument<string>("NAME") { Description = $"Which; list {kind.Many} shows the names" };
        var json = CommandTree.JsonOption();
        var command = new Command(kind.One, $"Show {kind.Shown}") { name, json }.WithExample($"show {kind.One} {kind.Example}");
        command.SetAction(async (parsed, stop) =>
        {
            var (wanted, entries) = (parsed.GetValue(name)!, await kind.Entries(context(), stop));
            // A data set has an entry for each of its languages.
            var found = entries.Where(entry => entry.Name == wanted).ToList();
            if (found.Count == 0) throw new ClientException($"there is no {kind.One} '{wanted}'; {Suggestions.For(wanted, [.. entries.Select(entry => entry.Name).Distinct()])}".TrimEnd(' ', ';'));
            if (parsed.GetValue(json)) ClientJson.Print(found.Count == 1 ? (JsonNode)found[0].ToJson() : new JsonArray([.. found.Select(entry => entry.ToJson())]));
            else foreach (var entry in found) CatalogueView.Print(entry, System.Console.Out);
            return ExitCodes.Done;
        });
        return command;
    }
}
