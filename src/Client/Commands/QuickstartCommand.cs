using System.CommandLine;
using AlpacaCot.Client.Library;
using AlpacaCot.Client.Running;

namespace AlpacaCot.Client.Commands;

/// <summary><c>quickstart</c>: two small bases, a real sweep over them, a report.</summary>
internal static class QuickstartCommand
{
    /// <summary>Builds the command.</summary>
    public static Command Build(Func<ClientContext> context)
    {
        var json = CommandTree.JsonOption();
        var command = new Command("quickstart", "Pretrain two small bases (or take them from the cache), run examples/quickstart.yaml and print its report") { json }.WithExample("quickstart");
        command.SetAction((parsed, stop) => Quickstart.RunAsync(context(), parsed.GetValue(json), stop));
        return command;
    }
}
