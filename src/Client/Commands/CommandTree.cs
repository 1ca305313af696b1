using System.CommandLine;
using System.CommandLine.Parsing;
using AlpacaCot.Client.Library;

namespace AlpacaCot.Client.Commands;

/// <summary>All commands: the map of the product.</summary>
internal static class CommandTree
{
    /// <summary>Builds the tree; the context is made when a command runs.</summary>
    public static Command Build(Func<ClientContext> context)
    {
        var json = JsonOption();
        var root = new Command(
            "alpacacot",
            "AlpacaCot.Orleans: an instruction-tuning laboratory. One YAML file describes an\n"
            + "ablation; it is checked whole, trained, evaluated, aggregated and served.") { Help.Option(), Version.Option(json), json };
        root.Subcommands.Add(QuickstartCommand.Build(context));
        root.Subcommands.Add(InitCommand.Build(context));
        root.Subcommands.Add(SweepCommands.Build(context));
        foreach (var command in CatalogueCommands.Build(context)) root.Subcommands.Add(command);
        root.Subcommands.Add(SiloCommand.Build(context));
        foreach (var command in ModelCommands.Build(context)) root.Subcommands.Add(command);
        root.Subcommands.Add(DiskCommand.Build(context));
        root.Subcommands.Add(DoctorCommand.Build(context));
        return root;
    }

    /// <summary><c>--json</c>: exactly one JSON document (or JSON lines) on stdout.</summary>
    public static Option<bool> JsonOption() => new("--json") { Description = "Print JSON on stdout: one document, or JSON lines for streams" };

    /// <summary>The names of the commands that were given.</summary>
    public static IEnumerable<string> PathOf(ParseResult parsed)
    {
        var names = new Stack<string>();
        for (SymbolResult? at = parsed.CommandResult; at is CommandResult { Parent: not null } command; at = at.Parent) names.Push(command.Command.Name);
        return names;
    }
}
