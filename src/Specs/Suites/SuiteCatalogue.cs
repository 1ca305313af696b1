using System.Text.Json.Nodes;

namespace AlpacaCot.Specs.Suites;

/// <summary>The suites that a sweep may name. A suite is added by adding its definition to <see cref="All"/> and its code to the Evaluation room's registry.</summary>
public static class SuiteCatalogue
{
    /// <summary>Seed of few-shot draws and of limited samples where none is given; lm-eval's.</summary>
    public const int DefaultSeed = 1234;

    /// <summary>The field of a format that stands for the question.</summary>
    public const string QuestionField = "{question}";

    /// <summary>Most options that have a letter.</summary>
    public const int MostChoices = 26;

    /// <summary>Resamples of metrics that have no closed standard error; lm-eval's.</summary>
    public const int BootstrapIterations = 100_000;

    private static readonly SuiteOption _order = Choice("order", "Which questions a limit keeps: a seeded sample, or the first", "sampled", "first");

    /// <summary>All suites, by name.</summary>
    public static IReadOnlyList<SuiteDefinition> All { get; } =
    [
        new("exact-match", "The answer is generated and compared with the reference", "a file of questions and answers", ["exact_match", "digit_match"],
            "{ suite: exact-match, limit: 200, options: { file: gsm8k_test.jsonl, extract: final } }",
            [
                Required("file", SuiteOptionKind.File, "The file: a JSON array, JSON lines, or .csv with a header"),
                new("question", SuiteOptionKind.Text, "question", "The column of the question"),
                new("answer", SuiteOptionKind.Text, "answer", "The column of the answer"),
                new("format", SuiteOptionKind.Text, QuestionField, $"How a question is put; {QuestionField} stands for it"),
                Choice("extract", "How the answer is read from the output and from the reference, where no filter_list is given", "final", "last_number", "first_line", "none"),
                new("until", SuiteOptionKind.Texts, new JsonArray(), "Texts that end an answer"),
                _order,
                Choice("few_shot_order", "Which rows are worked examples: seeded draws, or the first", "sampled", "first"),
                new("few_shot_file", SuiteOptionKind.File, "", "The file of worked examples; the questions' own where it is left out"),
                new("regexes_to_ignore", SuiteOptionKind.Texts, new JsonArray(), "Patterns whose matches are removed before answers are compared"),
                new("ignore_case", SuiteOptionKind.Flag, false, "Compare without regard to case"),
                new("ignore_punctuation", SuiteOptionKind.Flag, false, "Compare without punctuation"),
                new("ignore_numbers", SuiteOptionKind.Flag, false, "Compare without digits"),
                new("filter_list", SuiteOptionKind.Objects, null, "lm-eval's filter pipelines, which read the output in place of extract: [{ name: n, filter: [{ function: regex, … }] }]"),
            ]),
        new("goat-arithmetic", "Sums whose answers are generated: right answers, and right digits, per operation and number of digits", "generated; no training draw holds them",
            ["exact_match", "digit_match"], "{ suite: goat-arithmetic, limit: 200, options: { operations: [add], digits: [1, 3] } }",
            [
                new("operations", SuiteOptionKind.Texts, new JsonArray("add", "subtract"), $"Operations: {string.Join(", ", Words.Operations.Select(o => o.Word))}"),
                new("digits", SuiteOptionKind.Integers, new JsonArray(1, 5), "Fewest and most digits of an operand"),
                Choice("style", "How the answers of worked examples are written", [.. Words.Styles.Select(s => s.Word)]),
                new("noise", SuiteOptionKind.Flag, true, "Put the sum in words of many kinds; the clean expression otherwise"),
            ]) { DefaultLimit = 200 },
        new("log-likelihood", "Whether greedy decoding would have written the answer, and the perplexity of answers", "a file of questions and answers", ["acc", "perplexity"],
            "{ suite: log-likelihood, options: { file: arithmetic.jsonl, question: context, answer: completion } }",
            [
                Required("file", SuiteOptionKind.File, "The file: a JSON array, JSON lines, or .csv with a header"),
                new("question", SuiteOptionKind.Text, "context", "The column of the question; it may be empty"),
                new("answer", SuiteOptionKind.Text, "completion", "The column of the answer"),
                new("target_delimiter", SuiteOptionKind.Text, "", "What stands between question and answer"),
                new("bootstrap_iters", SuiteOptionKind.Integer, BootstrapIterations, "Resamples of the standard error of the perplexity"),
                _order,
            ]),
        new("multiple-choice", "The option with the largest log-likelihood against the right one; a cell is a file", "a file of questions with options, or a folder of them", ["acc", "acc_norm", "acc_bytes", "exact_match", "brier_score", "acc_mutual_info"],
            "{ suite: multiple-choice, few_shot: 5, options: { file: cmmlu, choices: [A, B, C, D] } }",
            [
                Required("file", SuiteOptionKind.Files, "Files (JSON array, JSON lines, .csv with a header), or a folder of them"),
                Choice("form", "Show the options and score their letters, or show the question alone and score the options' texts", "letters", "options"),
                new("question", SuiteOptionKind.Text, "Question", "The column of the question"),
                new("choices", SuiteOptionKind.Texts, new JsonArray("A", "B", "C", "D"), $"The columns of the options, 2 to {MostChoices}"),
                new("answer", SuiteOptionKind.Text, "Answer", "The column of the right option"),
                new("answer_mark", SuiteOptionKind.Text, "答案：", "What stands before the answer"),
                Choice("answer_form", "What the right option is named by: its letter, its number from 0, its text, or whichever fits", "any", "letter", "number", "text"),
                new("description", SuiteOptionKind.Text, "", "What stands before all questions"),
                new("target_delimiter", SuiteOptionKind.Text, " ", "What stands between question and option"),
                new("mutual_information", SuiteOptionKind.Flag, false, "Also score options by how much the question adds to their likelihood (acc_mutual_info)"),
                _order,
                Choice("few_shot_order", "Which rows are worked examples: the first, or seeded draws", "first", "sampled"),
                new("few_shot_file", SuiteOptionKind.Files, new JsonArray(), "Files of worked examples; the questions' own where they are left out"),
            ]),
        new("perplexity", "Rolling log-likelihood of texts, which neither template nor cue applies to", "a file of texts, or a .txt that is one", ["word_perplexity", "byte_perplexity", "bits_per_byte"],
            "{ suite: perplexity, options: { file: held_out.txt } }",
            [
                Required("file", SuiteOptionKind.Files, "Files: rows with a text, or .txt files that are one text each"),
                new("text", SuiteOptionKind.Text, "text", "The column of the text"),
                _order,
            ]),
        new("table-questions", "Questions about tables, or statements on them: the answer is generated and its values compared with the reference's; a cell is a file",
            "files of WikiTableQuestions, AIT-QA, TabMWP, or TabFact-style rows", ["denotation_accuracy", "exact_match"],
            "{ suite: table-questions, limit: 200, options: { file: tables/wikitablequestions/training.tsv, form: markdown } }",
            [
                Required("file", SuiteOptionKind.Files, "Files of questions about tables"),
                Choice("form", "How tables are written; one with merged cells is HTML in place of markdown and flat", [.. Words.TableForms.Select(form => form.Word)]),
                new("repeat_merged", SuiteOptionKind.Flag, false, "Write a merged cell into each place that it covers"),
                _order,
            ]),
    ];

    /// <summary>The options that every suite has.</summary>
    /// <param name="limit">Questions that are asked where no limit is given; 0 is all.</param>
    public static IReadOnlyList<SuiteOption> Common(int limit = 0) =>
    [
        new("name", SuiteOptionKind.Text, null, "Its name in results; the suite's own where it is left out"),
        new("limit", SuiteOptionKind.Integer, limit, $"Most questions{(limit == 0 ? "; all where it is left out" : "")}"),
        new("few_shot", SuiteOptionKind.Integer, 0, "Worked examples before each question"),
        new("seed", SuiteOptionKind.Integer, DefaultSeed, "Seed of limited samples and of worked examples"),
    ];

    /// <summary>The suite of that name, or null.</summary>
    public static SuiteDefinition? Find(string name) => All.FirstOrDefault(suite => suite.Name == name);

    private static SuiteOption Required(string name, SuiteOptionKind kind, string meaning) => new(name, kind, null, meaning) { Required = true };

    private static SuiteOption Choice(string name, string meaning, params IReadOnlyList<string> choices) => new(name, SuiteOptionKind.Choice, choices[0], meaning) { Choices = choices };
}
