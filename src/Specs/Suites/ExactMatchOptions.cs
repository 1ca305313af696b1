using static AlpacaCot.Specs.Suites.SuiteOptionForms;

namespace AlpacaCot.Specs.Suites;

/// <summary>The suite <c>exact-match</c>: the answer is generated and compared with the reference.</summary>
public static class ExactMatchOptions
{
    /// <summary>The suite's name.</summary>
    public const string Suite = "exact-match";

    /// <summary>The file of questions.</summary>
    public static SuiteOption<string> File { get; } = SuiteOptionForms.File(SuiteOptions.QuestionFile, "The file: a JSON array, JSON lines, or .csv with a header") with { Required = true };

    /// <summary>The column of the question.</summary>
    public static SuiteOption<string> Question { get; } = Text("question", "question", "The column of the question");

    /// <summary>The column of the answer.</summary>
    public static SuiteOption<string> Answer { get; } = Text("answer", "answer", "The column of the answer");

    /// <summary>How a question is put.</summary>
    public static SuiteOption<string> Format { get; } = Text("format", SuiteCatalogue.QuestionField, $"How a question is put; {SuiteCatalogue.QuestionField} stands for it");

    /// <summary>How answers are read.</summary>
    public static SuiteOption<string> Extract { get; }
        = Choice("extract", "How the answer is read from the output and from the reference, where no filter_list is given", "final", "last_number", "first_line", "none");

    /// <summary>Texts that end an answer.</summary>
    public static SuiteOption<IReadOnlyList<string>> Until { get; } = Texts("until", [], "Texts that end an answer");

    /// <summary>Which rows are worked examples.</summary>
    public static SuiteOption<string> FewShotOrder => CommonOptions.ExamplesDrawn;

    /// <summary>The file of worked examples.</summary>
    public static SuiteOption<string> FewShotFile { get; } = SuiteOptionForms.File("few_shot_file", "The file of worked examples; the questions' own where it is left out");

    /// <summary>Patterns that are removed.</summary>
    public static SuiteOption<IReadOnlyList<string>> RegexesToIgnore { get; } = Texts("regexes_to_ignore", [], "Patterns whose matches are removed before answers are compared");

    /// <summary>Compare without regard to case.</summary>
    public static SuiteOption<bool> IgnoreCase { get; } = Flag("ignore_case", false, "Compare without regard to case");

    /// <summary>Compare without punctuation.</summary>
    public static SuiteOption<bool> IgnorePunctuation { get; } = Flag("ignore_punctuation", false, "Compare without punctuation");

    /// <summary>Compare without digits.</summary>
    public static SuiteOption<bool> IgnoreNumbers { get; } = Flag("ignore_numbers", false, "Compare without digits");

    /// <summary>lm-eval's pipelines; null where none are given.</summary>
    public static SuiteOption<IReadOnlyList<FilterPipeline>?> FilterList { get; } = new(
        "filter_list", SuiteOptionKind.Objects, null, "lm-eval's filter pipelines, which read the output in place of extract: [{ name: n, filter: [{ function: regex, … }] }]",
        FilterPipeline.ReadAll, pipelines => pipelines is null ? null : FilterPipeline.WriteAll(pipelines));

    internal static SuiteDefinition Definition { get; } = new(
        Suite, "The answer is generated and compared with the reference", "a file of questions and answers", ["exact_match", "digit_match"],
        "{ suite: exact-match, limit: 200, options: { file: gsm8k_test.jsonl, extract: final } }",
        [
            File, Question, Answer, Format, Extract, Until, CommonOptions.Order, FewShotOrder, FewShotFile, RegexesToIgnore, IgnoreCase, IgnorePunctuation, IgnoreNumbers, FilterList,
        ]);
}
