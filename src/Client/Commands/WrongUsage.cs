using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;

namespace AlpacaCot.Client.Commands;

/// <summary>What a user reads who asked for something that the command line does not know.</summary>
internal static class WrongUsage
{
    private static readonly string[] _ofTheCheckout = ["test", "bench"];

    /// <summary>Prints each error, the known words that are near to the first unknown one, and where to read on.</summary>
    public static void Print(ParseResult parsed, TextWriter output)
    {
        // Commands of a checkout, which its script builds and runs: this program does not hold them.
        if (parsed.UnmatchedTokens is [var first, ..] && _ofTheCheckout.Contains(first) && !CommandTree.PathOf(parsed).Any())
        {
            output.WriteLine($"error: '{first}' is a command of a checkout: ./alpacacot {first}");
            return;
        }
        foreach (var error in parsed.Errors.Where(error => !IsOfWhatIsUnknown(error))) output.WriteLine($"error: {error.Message}");
        if (parsed.UnmatchedTokens is [var unknown, ..] && parsed.Action is ParseErrorAction errors)
        {
            errors.ShowHelp = false;
            // The library writes its corrections to stdout, which belongs to results; those of later words only follow from the first mistake.
            using var corrections = new StringWriter();
            parsed.Invoke(new InvocationConfiguration { Output = corrections, Error = TextWriter.Null });
            var lines = corrections.ToString().Split(Environment.NewLine).TakeWhile((line, i) => line.Length > 0 && (i == 0) == line.Contains("was not matched", StringComparison.Ordinal)).ToList();
            if (lines.Count > 1 && lines[0].StartsWith($"'{unknown}'", StringComparison.Ordinal)) output.WriteLine(string.Join(Environment.NewLine, lines));
        }
        output.WriteLine($"see: {string.Join(' ', CommandTree.PathOf(parsed).Prepend("alpacacot").Append("--help"))}");

        // A command that is not known is no missing one.
        bool IsOfWhatIsUnknown(ParseError error)
            => error.SymbolResult is CommandResult { Command.Subcommands.Count: > 0 } && parsed.UnmatchedTokens.Count > 0 && !parsed.UnmatchedTokens.Any(token => error.Message.Contains($"'{token}'", StringComparison.Ordinal));
    }
}
