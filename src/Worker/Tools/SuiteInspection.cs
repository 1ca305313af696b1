using AlpacaCot.Data.Preparation;
using AlpacaCot.Evaluation;
using AlpacaCot.Evaluation.Suites;
using AlpacaCot.Files;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Facts;
using AlpacaCot.Specs.Suites;
using AlpacaCot.Worker.Jobs;
using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Worker.Tools;

/// <summary>What an evaluation asks, before any model is asked: its questions, by which training data are recognised that hold them.</summary>
/// <param name="Evaluation">The evaluation.</param>
internal sealed record SuiteInspection(EvaluationSpec Evaluation)
{
    private readonly HashSet<string> _files = new(StringComparer.Ordinal);
    private ISuite? _suite;
    private string? _content;
    private string? _error;

    /// <summary>Its questions; null where they cannot be had.</summary>
    public QuestionSet? Questions { get; private init; }

    /// <summary>Looks at an evaluation. What is wrong with it becomes a fact.</summary>
    public static SuiteInspection Of(EvaluationSpec evaluation, WorkerFolders folders)
    {
        if (!SuiteRegistry.Known.Contains(evaluation.Suite)) return new SuiteInspection(evaluation);
        try
        {
            var suite = SuiteDeclarations.Create(evaluation, folders.Datasets);
            var inspection = new SuiteInspection(evaluation) { Questions = new QuestionSet(suite.Items.Select(item => item.Instruction)) };
            (inspection._suite, inspection._content) = (suite, SuiteDeclarations.ContentOf(suite, folders.Datasets));
            foreach (var file in SuiteDeclarations.QuestionFiles(suite, folders.Datasets)) inspection._files.Add(HashOf(file, folders));
            return inspection;
        }
        catch (EvaluationException e)
        {
            return new SuiteInspection(evaluation) { _error = e.Message };
        }
    }

    /// <summary>The facts about it.</summary>
    /// <param name="asked">Measures its prompts.</param>
    public SuiteFacts Facts(PromptLengths asked)
    {
        if (_error is null && _suite is null) return new SuiteFacts { Name = Evaluation.Name, Exists = false };
        if (_suite is null) return new SuiteFacts { Name = Evaluation.Name, Error = _error };
        try
        {
            return new SuiteFacts { Name = Evaluation.Name, Items = _suite.Items.Count, Remarks = asked.Remarks(_suite), Asked = asked.Asked(_suite), ContentHash = _content };
        }
        catch (EvaluationException e)
        {
            return new SuiteFacts { Name = Evaluation.Name, Error = e.Message };
        }
    }

    /// <summary>What a source holds of its questions; null where that is nothing.</summary>
    public LeakFacts? LeakInto(SourceSpec source, SourceFinding found, WorkerFolders folders)
    {
        if (Questions is null) return null;
        // Held-out questions are kept apart to be asked: no draw of trainable ones holds them.
        var generated = source.Goat is { Split: GoatSplit.HeldOut } && Evaluation.Suite == GoatArithmeticOptions.Suite ? $"{SourceSpec.GoatName} with split: {Words.Splits.Of(GoatSplit.HeldOut)}" : null;
        var file = generated ?? found.Files.FirstOrDefault(file => _files.Contains(HashOf(file, folders)));
        var questions = found.Questions.GetValueOrDefault(Evaluation.Name);
        return file is null && questions == 0 ? null : new LeakFacts(Evaluation.Name, generated ?? Path.GetFileName(file), questions, Questions.Count);
    }

    private static string HashOf(string file, WorkerFolders folders) => RememberedHash.Of(file, Path.Combine(folders.Cache, "fingerprints")).Sha256;
}
