namespace AlpacaCot.Specs.Suites;

/// <summary>The options that every suite has, and those that several have.</summary>
public static class CommonOptions
{
    /// <summary>The word of orders that are the file's own.</summary>
    public const string First = "first";

    private const string Sampled = "sampled";

    /// <summary>Most worked examples before a question: more fit no model's positions, and a suite that makes its examples makes twenty for each.</summary>
    public const int MostFewShot = 1000;

    /// <summary>Its name in results; the suite's own where it is left out.</summary>
    public static SuiteOption<string?> Name { get; } = new("name", SuiteOptionKind.Text, null, "Its name in results; the suite's own where it is left out", given => given.GetValue<string>(), value => value);

    /// <summary>Most questions; 0 is all.</summary>
    public static SuiteOption<int> Limit { get; } = LimitOf(0);

    /// <summary>Worked examples before each question.</summary>
    public static SuiteOption<int> FewShot { get; } = SuiteOptionForms.Integer("few_shot", 0, "Worked examples before each question") with { Least = 0, Most = MostFewShot };

    /// <summary>Seed of limited samples and of worked examples.</summary>
    public static SuiteOption<int> Seed { get; } = SuiteOptionForms.Integer("seed", SuiteCatalogue.DefaultSeed, "Seed of limited samples and of worked examples");

    /// <summary>Which questions a limit keeps.</summary>
    public static SuiteOption<string> Order { get; } = SuiteOptionForms.Choice("order", "Which questions a limit keeps: a seeded sample, or the first", Sampled, First);

    /// <summary>Worked examples by seeded draws.</summary>
    internal static SuiteOption<string> ExamplesDrawn { get; } = SuiteOptionForms.Choice("few_shot_order", "Which rows are worked examples: seeded draws, or the first", Sampled, First);

    /// <summary>Worked examples from the beginning.</summary>
    internal static SuiteOption<string> ExamplesInOrder { get; } = SuiteOptionForms.Choice("few_shot_order", "Which rows are worked examples: the first, or seeded draws", First, Sampled);

    /// <summary>The options that every suite has.</summary>
    /// <param name="limit">Questions that are asked where no limit is given; 0 is all.</param>
    /// <param name="most">The largest limit.</param>
    internal static IReadOnlyList<SuiteOption> Of(int limit, int most) => [Name, limit == 0 ? Limit : LimitOf(limit) with { Most = most }, FewShot, Seed];

    private static SuiteOption<int> LimitOf(int limit) => SuiteOptionForms.Integer("limit", limit, $"Most questions{(limit == 0 ? "; all where it is left out" : "")}") with { Least = 1 };
}
