using AlpacaCot.Data.Templates;
using AlpacaCot.Evaluation.Results;
using AlpacaCot.Evaluation.Suites;
using AlpacaCot.Inference;

namespace AlpacaCot.Evaluation;

/// <summary>Runs suites against one model.</summary>
public static class EvaluationRunner
{
    /// <summary>Asks a model the questions of all suites, one suite after the other.</summary>
    /// <param name="suites">The suites.</param>
    /// <param name="engine">The engine that holds the model.</param>
    /// <param name="member">The adapter asked (index in the engine's bank); -1 is the bare base.</param>
    /// <param name="template">The template that trained the model (stored with its adapter); null asks questions as plain text.</param>
    /// <param name="cue">A thinking cue appended to every instruction, or null.</param>
    /// <param name="decoding">How answers are decoded.</param>
    /// <param name="progress">Told how far it is, from the engine's thread; may be null.</param>
    /// <param name="cancellation">Ends the run.</param>
    /// <returns>The results in the suites' order.</returns>
    /// <exception cref="EvaluationException">Two suites have one name in results.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static IReadOnlyList<SuiteResult> Run(IReadOnlyList<ISuite> suites, InferenceEngine engine, int member = -1, IConversationForm? template = null,
        string? cue = null, DecodingSettings? decoding = null, Action<SuiteProgress>? progress = null, CancellationToken cancellation = default)
    {
        Check(suites);
        var context = new SuiteContext(engine, member, template, cue, decoding ?? new DecodingSettings(), progress, cancellation);
        var results = new List<SuiteResult>();
        foreach (var suite in suites)
        {
            cancellation.ThrowIfCancellationRequested();
            results.Add(suite.Run(context));
        }
        return results;
    }

    /// <summary>Refuses suites that could not be told apart in results; <see cref="Run"/> does it too, but by then the model is loaded.</summary>
    /// <exception cref="EvaluationException">Two suites have one name in results.</exception>
    public static void Check(IReadOnlyList<ISuite> suites)
    {
        var twice = suites.GroupBy(s => s.Name, StringComparer.Ordinal).FirstOrDefault(g => g.Count() > 1)?.Key;
        if (twice is not null) throw new EvaluationException($"two suites are called '{twice}' in results: give one a 'name'");
    }
}
