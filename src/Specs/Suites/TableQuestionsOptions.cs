using static AlpacaCot.Specs.Suites.SuiteOptionForms;

namespace AlpacaCot.Specs.Suites;

/// <summary>The suite <c>table-questions</c>: questions about tables whose answers are generated and compared value by value.</summary>
public static class TableQuestionsOptions
{
    /// <summary>The suite's name.</summary>
    public const string Suite = "table-questions";

    /// <summary>Files of questions.</summary>
    public static SuiteOption<IReadOnlyList<string>> File { get; } = Files(SuiteOptions.QuestionFile, "Files of questions about tables") with { Required = true };

    /// <summary>How tables are written, by its word.</summary>
    public static SuiteOption<string> Form { get; } = Choice("form", "How tables are written; one with merged cells is HTML in place of markdown and flat", [.. Words.TableForms.Select(form => form.Word)]);

    /// <summary>Whether a merged cell is written into each place that it covers.</summary>
    public static SuiteOption<bool> RepeatMerged { get; } = Flag("repeat_merged", false, "Write a merged cell into each place that it covers");

    internal static SuiteDefinition Definition { get; } = new(
        Suite, "Questions about tables, or statements on them: the answer is generated and its values compared with the reference's; a cell is a file",
        "files of WikiTableQuestions, AIT-QA, TabMWP, or TabFact-style rows", ["denotation_accuracy", "exact_match"],
        "{ suite: table-questions, limit: 200, options: { file: tables/wikitablequestions/training.tsv, form: markdown } }", [File, Form, RepeatMerged, CommonOptions.Order]);
}
