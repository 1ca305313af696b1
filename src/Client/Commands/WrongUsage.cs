using System.CommandLine;
using System.CommandLine.Invocation;

namespace AlpacaCot.Client.Commands;

/// <summary>What a user reads who asked for something that the command line does not know.</summary>
internal static class WrongUsage
{
    /// <summary>Prints each error, the known words that are near to the first unknown one, and where to read on.</summary>
    public static void Print(ParseResult parsed, TextWriter output)
    {
        foreach (var error in parsed.Errors) output.WriteLine($"error: {error.Message}");
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
    }
}
