namespace AlpacaCot.Specs.CommandLine;

/// <summary>Data on a command line: files, names of known sets, or the generator.</summary>
public static class DataOptions
{
    private const string Generator = SourceSpec.GoatName + ":";

    /// <summary>The options.</summary>
    public static IReadOnlyList<CommandOption> All { get; } =
    [
        new("data", $"Data: files (Alpaca JSON or JSONL, FLAN CoT TSV), names of known sets, goat, or {Generator}add,subtract", Many: true),
        new("template", $"Prompt template: {string.Join(", ", TemplateNames.All)} ({TemplateNames.Alpaca}); or a chat template: {TemplateNames.Chat}, the model's own, or {TemplateNames.NamedChat}NAME ({string.Join(", ", TemplateNames.NamedChats)})"),
        new("rationale", $"What is taught of rows with a rationale: {string.Join(" or ", Words.Rationales.Select(w => w.Word))} ({Words.Rationales.Of(RationaleUse.RationaleThenAnswer)})"),
        new("truncation", $"What is cut of rows over the cutoff: {string.Join(", ", Words.Truncations.Select(w => w.Word))} ({Words.Truncations.Of(Truncation.Right)})"),
        new("learn", $"Which answers of a conversation are learnt: {string.Join(" or ", Words.Learned.Select(w => w.Word))} ({Words.Learned.Of(LearnedTurns.All)})"),
        new("bad_rows", $"Rows that are wrong: {string.Join(" or ", Words.RowPolicies.Select(w => w.Word))} ({Words.RowPolicies.Of(BadRows.Refuse)})"),
        new("encoding", $"Encoding of the files, where it is not UTF-8: {string.Join(", ", TextEncodings.Names.Where(name => name != TextEncodings.Default))}"),
        new("training_cue", $"Cue in training prompts: {string.Join(", ", Words.Cues.Select(w => w.Word))}, or a sentence ({TrainingCue.None.Word})"),
    ];

    /// <summary>Reads what was given, by key.</summary>
    /// <param name="given">Key to its values.</param>
    /// <param name="isFile">Whether a text names a file or folder that is there.</param>
    /// <param name="remarks">Errors; with one the data must not be used.</param>
    public static DataSpec Read(IReadOnlyDictionary<string, IReadOnlyList<string>> given, Func<string, bool> isFile, out IReadOnlyList<SpecError> remarks)
    {
        var options = new GivenOptions(given);
        var data = Read(options, isFile);
        options.Reader.Finish();
        remarks = options.Remarks;
        return data;
    }

    internal static DataSpec Read(GivenOptions options, Func<string, bool> isFile)
    {
        var texts = options.Reader.Texts("data") ?? [];
        if (texts.Count == 0) options.Error("data", "names no data", "give files, names of known sets, or goat");
        var template = options.Reader.Text("template");
        if (template is not null && !TemplateNames.Known.Contains(template, StringComparer.Ordinal))
            options.Error("template", $"there is no template '{template}'", Suggestions.For(template, TemplateNames.Known));
        var sources = texts.Select(text => Source(options, text, isFile)).ToList();
        if (Parsing.AxisParser.Encoding(options.Reader) is { } encoding)
        {
            if (sources.TrueForAll(source => source.Goat is not null) && sources.Count > 0) options.Error("encoding", "says how files are read; a generator has none", "remove it");
            sources = sources.ConvertAll(source => source.Goat is null ? source with { Encoding = encoding } : source);
        }
        return new DataSpec
        {
            Sources = sources,
            Template = template ?? TemplateNames.Alpaca,
            Cot = options.Reader.Choice("rationale", Words.Rationales) ?? RationaleUse.RationaleThenAnswer,
            Truncation = options.Reader.Choice("truncation", Words.Truncations) ?? Truncation.Right,
            Learn = options.Reader.Choice("learn", Words.Learned) ?? LearnedTurns.All,
            BadRows = options.Reader.Choice("bad_rows", Words.RowPolicies) ?? BadRows.Refuse,
            TrainingCue = Parsing.CueParser.TrainingCue(options.Reader) ?? TrainingCue.None,
        };
    }

    private static SourceSpec Source(GivenOptions options, string text, Func<string, bool> isFile)
    {
        if (isFile(text)) return new SourceSpec { Path = text };
        return text.StartsWith(Generator, StringComparison.Ordinal) ? Generated(options, text[Generator.Length..]) : SourceSpec.Named(text);
    }

    private static SourceSpec Generated(GivenOptions options, string operations)
    {
        var chosen = new List<GoatOperation>();
        foreach (var word in operations.Split(',', StringSplitOptions.TrimEntries))
            // The words of a sweep file, and the nouns that go with them.
            if (Words.Operations.Where(o => o.Word == word || Nouns.GetValueOrDefault(o.Value) == word).Select(o => (GoatOperation?)o.Value).FirstOrDefault() is { } operation) chosen.Add(operation);
            else options.Error("data", $"the generator has no operation '{word}'", Suggestions.For(word, Words.Operations.Select(o => o.Word)));
        return new SourceSpec { Goat = new GoatOptions { Operations = [.. chosen.Distinct()] } };
    }

    private static readonly Dictionary<GoatOperation, string> Nouns = new()
    {
        [GoatOperation.Add] = "addition", [GoatOperation.Subtract] = "subtraction", [GoatOperation.Multiply] = "multiplication", [GoatOperation.Divide] = "division",
    };
}
