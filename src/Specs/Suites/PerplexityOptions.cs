using static AlpacaCot.Specs.Suites.SuiteOptionForms;

namespace AlpacaCot.Specs.Suites;

/// <summary>The suite <c>perplexity</c>: rolling log-likelihood of texts.</summary>
public static class PerplexityOptions
{
    /// <summary>The suite's name.</summary>
    public const string Suite = "perplexity";

    /// <summary>Files of texts.</summary>
    public static SuiteOption<IReadOnlyList<string>> File { get; } = Files(SuiteOptions.QuestionFile, "Files: rows with a text, or .txt files that are one text each") with { Required = true };

    /// <summary>The column of the text.</summary>
    public static SuiteOption<string> TextColumn { get; } = Text("text", "text", "The column of the text");

    internal static SuiteDefinition Definition { get; } = new(
        Suite, "Rolling log-likelihood of texts, which neither template nor cue applies to", "a file of texts, or a .txt that is one", ["word_perplexity", "byte_perplexity", "bits_per_byte"],
        "{ suite: perplexity, options: { file: held_out.txt } }", [File, TextColumn, CommonOptions.Order]);
}
