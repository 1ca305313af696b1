using AlpacaCot.Experiments.Aggregation;
using AlpacaCot.Experiments.Scheduling;

namespace AlpacaCot.Experiments.Tests;

public sealed class CutPromptsTests
{
    [Fact]
    public void CutPrompts_SomeResults_AreNotedByEvaluation()
    {
        EvaluationResult Result(string evaluation, int cut) => new(evaluation, new Dictionary<string, double>(), 24, 1, null, PromptsCut: cut);

        Assert.Equal(
            [
                "long: prompts were longer than the model's positions and lost their beginning, up to 7 of 24 in each of 2 trials.",
                "rare: prompts were longer than the model's positions and lost their beginning, up to 1 of 24 in one trial.",
            ],
            ReportNotes.CutPrompts([Result("long", 3), Result("fine", 0), Result("long", 7), Result("rare", 1), Result("rare", 0)]));
    }
}
