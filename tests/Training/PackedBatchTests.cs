using AlpacaCot.Data;
using AlpacaCot.Models;
using AlpacaCot.Specs;

namespace AlpacaCot.Training.Tests;

/// <summary>How the rows of several members' steps are cut into passes.</summary>
public sealed class PackedBatchTests : IDisposable
{
    private readonly Decoder _decoder = TinyTraining.Decoder();

    [Theory]
    [InlineData(100, null, "aabbc")]        // all fit, and nobody says that fewer would do
    [InlineData(100, 15, "aa;bb;c")]        // two rows fill the machine
    [InlineData(100, 20, "aa;bb;c")]
    [InlineData(100, 21, "aabb;c")]
    [InlineData(35, null, "aa;bbc")]        // two members' rows do not fit, and nobody's are cut
    [InlineData(40, null, "aabb;c")]
    [InlineData(15, null, "a;a;b;b;c")]     // rows of one step fit nowhere together
    [InlineData(35, 1, "aa;bb;c")]
    public void Cut_Budgets_KeepAMembersRowsTogether(int budget, int? fills, string expected)
    {
        MemberStep[] steps = [Next("a", 2, 0), Next("b", 2, 1), Next("c", 1, 2)];
        var batches = PackedBatch.Cut(steps, new CoTrainerOptions { TokenBudget = budget, TokensThatFill = fills, WholeRows = true }, _decoder.Config);
        Assert.Equal(expected, string.Join(';', batches.Select(batch => string.Concat(batch.Layout.Segments.Select(segment => "abc"[segment.Member])))));
    }

    public void Dispose() => _decoder.Dispose();

    // Rows of ten tokens.
    private MemberStep Next(string name, int rows, int index)
    {
        var example = new Example([.. Enumerable.Range(3, 10)], [.. Enumerable.Range(3, 10)]);
        return new MemberState(new TrainingMember(name, TinyTraining.Ia3(_decoder), [.. Enumerable.Repeat(example, rows)], new TrainingSpec { BatchSize = rows, MaxSteps = 1 }, 1), index).NextStep();
    }
}
