using AlpacaCot.Specs.Parsing;

namespace AlpacaCot.Specs.CommandLine;

/// <summary>The arithmetic generator's options on a command line: the keys of a sweep file's <c>goat</c>.</summary>
public static class GoatCommandOptions
{
    /// <summary>The options.</summary>
    public static IReadOnlyList<CommandOption> All { get; } =
    [
        new("paper", "The published table: 1,746,300 rows of four operations, or its shares of --count", Flag: true),
        new("operations", $"Operations: {string.Join(", ", Words.Operations.Select(o => o.Word))} (add subtract)", Many: true),
        new("digits", "Fewest and most digits of an operand (1 5)", Many: true),
        new("style", $"How answers are written: {string.Join(", ", Words.Styles.Select(s => s.Word))} (goat)"),
        new("without", $"Steps that worked answers leave out: {string.Join(", ", Words.Steps.Select(s => s.Word))}", Many: true),
        new("count", "Rows (10,000; with --paper all)"),
        new("noise", "Put questions in words of many kinds: true or false (true)"),
        new("signed", "Negative operands too", Flag: true),
        new("decimals", "Most decimal places of an operand (0)"),
        new("split", $"Which questions: {string.Join(", ", Words.Splits.Select(s => s.Word))} (train)"),
    ];

    /// <summary>Reads what was given, by key.</summary>
    /// <param name="given">Key to its values.</param>
    /// <param name="remarks">Errors; with one the options must not be used.</param>
    public static GoatOptions Read(IReadOnlyDictionary<string, IReadOnlyList<string>> given, out IReadOnlyList<SpecError> remarks)
    {
        var options = new GivenOptions(given);
        var goat = GoatParser.Read(options.Reader);
        if (options.Remarks.All(remark => remark.Severity != SpecSeverity.Error))
            foreach (var mistake in goat.Mistakes()) options.Error(mistake[(GoatParser.Key.Length + 1)..mistake.IndexOf(':', StringComparison.Ordinal)], mistake[(mistake.IndexOf(':', StringComparison.Ordinal) + 2)..]);
        remarks = options.Remarks;
        return goat;
    }
}
