using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using AlpacaCot.Specs;

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
        if (UnknownCommand(parsed) is var (path, word, known))
        {
            output.WriteLine($"error: '{word}' is no command; {Suggestions.For(word, known)}");
            output.WriteLine($"see: {string.Join(' ', path.Prepend("alpacacot").Append("--help"))}");
            return;
        }
        if (MistypedOption(parsed) is var (option, names))
        {
            output.WriteLine($"error: '{option}' is no option here; {Suggestions.For(option, names)}");
            output.WriteLine($"see: {string.Join(' ', CommandTree.PathOf(parsed).Prepend("alpacacot").Append("--help"))}");
            return;
        }
        if (parsed.UnmatchedTokens.Count == 0 && parsed.CommandResult.Command is { Subcommands.Count: > 0 } group && parsed.Errors.All(error => error.SymbolResult == parsed.CommandResult))
        {
            output.WriteLine($"error: {string.Join(' ', CommandTree.PathOf(parsed).Prepend("alpacacot"))} needs a command: {string.Join(", ", group.Subcommands.Select(command => command.Name))}");
            output.WriteLine($"see: {string.Join(' ', CommandTree.PathOf(parsed).Prepend("alpacacot").Append("--help"))}");
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

        // What is not known is nothing that is missing.
        bool IsOfWhatIsUnknown(ParseError error)
            => error.SymbolResult is CommandResult { Command.Subcommands.Count: > 0 } && parsed.UnmatchedTokens.Count > 0 && !parsed.UnmatchedTokens.Any(token => error.Message.Contains($"'{token}'", StringComparison.Ordinal));
    }

    /// <summary>
    /// A word with two dashes that no option took and an argument did: of <c>sweep run --detch x.yaml</c> the library would tell that <c>x.yaml</c> is one word too many. Null where there is none, or where what
    /// follows <c>--</c> may be anything.
    /// </summary>
    public static (string Option, IReadOnlyList<string> Known)? MistypedOption(ParseResult parsed)
    {
        if (parsed.Tokens.Any(token => token.Type == TokenType.DoubleDash)) return null;
        var word = parsed.CommandResult.Children.OfType<ArgumentResult>().SelectMany(argument => argument.Tokens).Select(token => token.Value)
            .FirstOrDefault(value => value.Length > 2 && value.StartsWith("--", StringComparison.Ordinal) && !value.Contains(' ', StringComparison.Ordinal));
        return word is null ? null : (word, [.. parsed.CommandResult.Command.Options.Where(option => !option.Hidden).Select(option => option.Name)]);
    }

    /// <summary>
    /// The first word that stands where a command's name does and is none, with the words before it and those that it could be; null where there is none. The library reads on past such a word, and takes a later one
    /// for a command: of <c>swep list</c> it would tell about <c>list</c>.
    /// </summary>
    private static (IReadOnlyList<string> Path, string Word, IReadOnlyList<string> Known)? UnknownCommand(ParseResult parsed)
    {
        var at = parsed.RootCommandResult.Command;
        var path = new List<string>();
        foreach (var token in parsed.Tokens.Where(token => token.Type != TokenType.Option))
        {
            if (at.Subcommands.Count == 0) return null;
            if (at.Subcommands.FirstOrDefault(command => command.Name == token.Value) is not { } next) return (path, token.Value, [.. at.Subcommands.Select(command => command.Name)]);
            path.Add(next.Name);
            at = next;
        }
        return null;
    }
}
