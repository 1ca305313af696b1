using static AlpacaCot.Specs.Suites.SuiteOptionForms;

namespace AlpacaCot.Specs.Suites;

/// <summary>The suite <c>goat-arithmetic</c>: sums whose answers are generated.</summary>
public static class GoatArithmeticOptions
{
    /// <summary>The suite's name.</summary>
    public const string Suite = "goat-arithmetic";

    /// <summary>Operations, by their words.</summary>
    public static SuiteOption<IReadOnlyList<string>> Operations { get; }
        = Texts("operations", ["add", "subtract"], $"Operations: {string.Join(", ", Words.Operations.Select(operation => operation.Word))}");

    /// <summary>Fewest and most digits of an operand.</summary>
    public static SuiteOption<IReadOnlyList<int>> Digits { get; } = Integers("digits", [1, 5], "Fewest and most digits of an operand") with { Least = 1, Most = GoatOptions.DigitLimit };

    /// <summary>How the answers of worked examples are written, by its word.</summary>
    public static SuiteOption<string> Style { get; } = Choice("style", "How the answers of worked examples are written", [.. Words.Styles.Select(style => style.Word)]);

    /// <summary>Whether the sum is put in words.</summary>
    public static SuiteOption<bool> Noise { get; } = Flag("noise", true, "Put the sum in words of many kinds; the clean expression otherwise");

    internal static SuiteDefinition Definition { get; } = new(
        Suite, "Sums whose answers are generated: right answers, and right digits, per operation and number of digits", "generated; no training draw holds them",
        ["exact_match", "digit_match"], "{ suite: goat-arithmetic, limit: 200, options: { operations: [add], digits: [1, 3] } }", [Operations, Digits, Style, Noise]) { DefaultLimit = 200, LargestLimit = GoatOptions.CountLimit };
}
