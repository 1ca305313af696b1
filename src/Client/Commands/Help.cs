using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Runtime.CompilerServices;
using AlpacaCot.Client.Library;

namespace AlpacaCot.Client.Commands;

/// <summary>Help of every command: what System.CommandLine writes, then an example.</summary>
internal static class Help
{
    private static readonly ConditionalWeakTable<Command, string> _examples = [];

    /// <summary>Gives a command its example.</summary>
    public static Command WithExample(this Command command, string example)
    {
        _examples.Add(command, example);
        return command;
    }

    /// <summary>The example of a command, or null.</summary>
    public static string? ExampleOf(Command command) => _examples.TryGetValue(command, out var example) ? example : null;

    /// <summary>The help option of the whole tree.</summary>
    public static Option Option()
    {
        var option = new HelpOption();
        option.Action = new WithExamples((HelpAction)option.Action!);
        return option;
    }

    private sealed class WithExamples(HelpAction plain) : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            if (parseResult.CommandResult.Command.Parents.FirstOrDefault() is null)
            {
                RootHelp.Print(parseResult.CommandResult.Command, parseResult.InvocationConfiguration.Output);
                return ExitCodes.Done;
            }
            var code = plain.Invoke(parseResult);
            if (ExampleOf(parseResult.CommandResult.Command) is { } example)
                parseResult.InvocationConfiguration.Output.WriteLine($"Example:\n  ./alpacacot {example.Replace("\n", "\n  ./alpacacot ", StringComparison.Ordinal)}\n");
            return code;
        }
    }
}
