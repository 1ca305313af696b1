using System.Text.Json.Nodes;

namespace AlpacaCot.Specs.Suites;

/// <summary>What an evaluation's suite is told: a value for every option that the suite declares, read strictly, with the defaults filled in.</summary>
public sealed class SuiteOptions
{
    /// <summary>The option that names the questions of suites that read them.</summary>
    public const string QuestionFile = "file";

    /// <summary>Keys of an evaluation that stand beside its options, and would hide an option of their name.</summary>
    private static readonly string[] _beside = ["name", "suite", "few_shot"];

    private readonly Dictionary<string, object?> _values = new(StringComparer.Ordinal);

    private SuiteOptions(SuiteDefinition definition, EvaluationSpec evaluation)
    {
        Definition = definition;
        foreach (var option in definition.AllOptions) _values[option.Name] = Value(option, evaluation);
        Name = _values[CommonOptions.Name.Name] as string ?? definition.Name;
        var known = definition.AllOptions.Select(option => option.Name).ToList();
        if (evaluation.Options.Keys.FirstOrDefault(_beside.Contains) is { } misplaced) throw new SweepException($"suite {definition.Name}: '{misplaced}' stands beside the options, not among them");
        if (evaluation.Options.Keys.Where(key => !known.Contains(key)).ToList() is { Count: > 0 } unknown)
            throw new SweepException($"suite {definition.Name} has no option '{string.Join("', '", unknown)}'; it has {string.Join(", ", known.Order(StringComparer.Ordinal))}");
    }

    /// <summary>The suite.</summary>
    public SuiteDefinition Definition { get; }

    /// <summary>Its name in results; the suite's own unless given.</summary>
    public string Name { get; }

    /// <summary>Most questions; 0 is all.</summary>
    public int Limit => Of(CommonOptions.Limit);

    /// <summary>Worked examples before each question.</summary>
    public int FewShot => Of(CommonOptions.FewShot);

    /// <summary>Seed of the draws.</summary>
    public int Seed => Of(CommonOptions.Seed);

    /// <summary>The files and folders that options name, as they are written, by the options' names.</summary>
    public IEnumerable<(string Option, string Path)> Files
        => from option in Definition.AllOptions.OrderBy(option => option.Name, StringComparer.Ordinal)
           where option.Kind is SuiteOptionKind.File or SuiteOptionKind.Files
           from path in _values[option.Name] as IReadOnlyList<string> ?? [(string)_values[option.Name]!]
           where path.Length > 0
           select (option.Name, path);

    /// <summary>Reads the options of an evaluation.</summary>
    /// <exception cref="SweepException">The suite or an option is unknown, or a value is not of its option's type.</exception>
    public static SuiteOptions Read(EvaluationSpec evaluation)
        => SuiteCatalogue.Find(evaluation.Suite) is { } definition ? new SuiteOptions(definition, evaluation)
            : throw new SweepException($"suite '{evaluation.Suite}' is unknown; {Suggestions.For(evaluation.Suite, SuiteCatalogue.All.Select(suite => suite.Name))}");

    /// <summary>The value of an option.</summary>
    public T Of<T>(SuiteOption<T> option) => (T)_values[option.Name]!;

    /// <summary>The options as result files hold them, defaults filled in.</summary>
    public JsonObject ToJson()
    {
        var json = new JsonObject { ["name"] = Name, ["suite"] = Definition.Name };
        foreach (var option in Definition.AllOptions)
            if (option.Name != CommonOptions.Name.Name && _values[option.Name] is { } value) json[option.Name] = option.Write(value);
        return json;
    }

    /// <summary>An option that cannot be used.</summary>
    public SweepException Wrong(SuiteOption option, string why) => new($"suite {Definition.Name}, option {option.Name}: {why}");

    private object? Value(SuiteOption option, EvaluationSpec evaluation)
    {
        if (option.Name == CommonOptions.Name.Name) return evaluation.Name;
        JsonNode? node = option.Name == CommonOptions.FewShot.Name ? evaluation.FewShot
            : option.Name == CommonOptions.Limit.Name && evaluation.Limit is { } limit ? limit
            : evaluation.Options.TryGetValue(option.Name, out var given) ? JsonNode.Parse(given.GetRawText()) : null;
        if (node is null) return option.Absent;
        try
        {
            return option.Read(node);
        }
        catch (FormatException e)
        {
            throw Wrong(option, e.Message);
        }
    }
}
