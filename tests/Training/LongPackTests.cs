using AlpacaCot.Adapters;
using AlpacaCot.Kernels;
using AlpacaCot.Models;
using AlpacaCot.Specs;

namespace AlpacaCot.Training.Tests;

/// <summary>
/// How far a pack's losses drift from those of the same training alone, held against how far rounding alone moves that training: between fp32 and a base that computes
/// in fp64 (the values that are trained stay fp32 in both).
/// </summary>
public sealed class LongPackTests
{
    /// <summary>Rounding of a loss in fp32 itself: two places of a loss of 4.</summary>
    private const double LossRounding = 5e-7;

    [Fact]
    public void Run_EveryMethodInOnePack_DriftsNoMoreThanTenTimesAsRoundingAlone()
    {
        var steps = PropertyTestAttribute.Soak ? 50 : 12;
        using Decoder single = TinyTraining.Decoder(), wide = TinyTraining.Decoder(ScalarType.Float64);
        using (torch.no_grad())
            foreach (var (name, value) in wide.Parameters) value.copy_(single.Parameters[name]);
        var together = UnlikeMethodsTests.Members(single, steps);
        var packed = Train(single, together, budget: 90);
        foreach (var (member, losses) in together.Zip(packed))
        {
            TrainingMember Alone(Decoder decoder) => UnlikeMethodsTests.Members(decoder, steps).Single(other => other.Name == member.Name);
            var (alone, doubled) = (Train(single, [Alone(single)])[0], Train(wide, [Alone(wide)])[0]);
            var (pack, rounding) = (Largest(alone, losses), Largest(alone, doubled));
            TestContext.Current.SendDiagnosticMessage(FormattableString.Invariant($"| `{member.Name}` | {pack:E1} | {rounding:E1} |"));
            Assert.True(pack <= 10 * Math.Max(rounding, LossRounding), FormattableString.Invariant($"{member.Name}: {pack:E1} in the pack, {rounding:E1} by rounding alone"));
            Assert.True(rounding > 0, $"{member.Name}: fp64 gives the same losses to the last bit; was it used?");
        }
    }

    private static double Largest(IReadOnlyList<double> a, IReadOnlyList<double> b) => a.Zip(b, (x, y) => Math.Abs(x - y)).Max();

    private static IReadOnlyList<IReadOnlyList<double>> Train(Decoder decoder, List<TrainingMember> members, int budget = 4096)
    {
        using var trainer = new CoTrainer(decoder, members, new CoTrainerOptions { TokenBudget = budget });
        return [.. trainer.Run().Select(result => result.Losses)];
    }
}
