using static AlpacaCot.Specs.Suites.SuiteOptionForms;

namespace AlpacaCot.Specs.Suites;

/// <summary>The suite <c>multiple-choice</c>: the option with the largest log-likelihood against the right one.</summary>
public static class MultipleChoiceOptions
{
    /// <summary>The suite's name.</summary>
    public const string Suite = "multiple-choice";

    /// <summary>The word of the form that shows the options and scores their letters.</summary>
    public const string Letters = "letters";

    /// <summary>Files of questions.</summary>
    public static SuiteOption<IReadOnlyList<string>> File { get; } = Files(SuiteOptions.QuestionFile, "Files (JSON array, JSON lines, .csv with a header), or a folder of them") with { Required = true };

    /// <summary>What is shown and what is scored.</summary>
    public static SuiteOption<string> Form { get; } = Choice("form", "Show the options and score their letters, or show the question alone and score the options' texts", Letters, "options");

    /// <summary>The column of the question.</summary>
    public static SuiteOption<string> Question { get; } = Text("question", "Question", "The column of the question");

    /// <summary>The columns of the options.</summary>
    public static SuiteOption<IReadOnlyList<string>> Choices { get; } = Texts("choices", ["A", "B", "C", "D"], $"The columns of the options, 2 to {SuiteCatalogue.MostChoices}");

    /// <summary>The column of the right option.</summary>
    public static SuiteOption<string> Answer { get; } = Text("answer", "Answer", "The column of the right option");

    /// <summary>What stands before the answer.</summary>
    public static SuiteOption<string> AnswerMark { get; } = Text("answer_mark", "答案：", "What stands before the answer");

    /// <summary>What the right option is named by.</summary>
    public static SuiteOption<string> AnswerForm { get; }
        = Choice("answer_form", "What the right option is named by: its letter, its number from 0, its text, or whichever fits", "any", "letter", "number", "text");

    /// <summary>What stands before all questions.</summary>
    public static SuiteOption<string> Description { get; } = Text("description", "", "What stands before all questions");

    /// <summary>What stands between question and option.</summary>
    public static SuiteOption<string> TargetDelimiter { get; } = Text("target_delimiter", " ", "What stands between question and option");

    /// <summary>Whether options are also scored by what the question adds to their likelihood.</summary>
    public static SuiteOption<bool> MutualInformation { get; }
        = Flag("mutual_information", false, "Also score options by how much the question adds to their likelihood (acc_mutual_info)");

    /// <summary>Which rows are worked examples.</summary>
    public static SuiteOption<string> FewShotOrder => CommonOptions.ExamplesInOrder;

    /// <summary>Files of worked examples.</summary>
    public static SuiteOption<IReadOnlyList<string>> FewShotFile { get; } = Files("few_shot_file", "Files of worked examples; the questions' own where they are left out");

    internal static SuiteDefinition Definition { get; } = new(
        Suite, "The option with the largest log-likelihood against the right one; a cell is a file", "a file of questions with options, or a folder of them",
        ["acc", "acc_norm", "acc_bytes", "exact_match", "brier_score", "acc_mutual_info"], "{ suite: multiple-choice, few_shot: 5, options: { file: cmmlu, choices: [A, B, C, D] } }",
        [File, Form, Question, Choices, Answer, AnswerMark, AnswerForm, Description, TargetDelimiter, MutualInformation, CommonOptions.Order, FewShotOrder, FewShotFile]);
}
