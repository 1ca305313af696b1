using AlpacaCot.Experiments.Expansion;
using AlpacaCot.Experiments.Planning;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Facts;

namespace AlpacaCot.Tests.Experiments;

public sealed class PackPlannerTests
{
    private static (Grid Grid, IReadOnlyList<Pack> Packs) Plan(string yaml, PlanLimits limits, SpecFacts? facts = null)
    {
        var spec = SweepDocument.ParseValid(yaml);
        var grid = spec.Expand();
        return (grid, PackPlanner.Plan(spec, grid, limits, facts));
    }

    [Fact]
    public void Plan_Example_PacksShareABaseAndHoldEveryTrainingOnce()
    {
        var (grid, packs) = Plan(Specs.Example, new PlanLimits());

        Assert.Equal(Enumerable.Range(0, 24), packs.SelectMany(p => p.Trainings).Order());
        Assert.All(packs, p => Assert.Equal([p.Model], p.Trainings.Select(t => grid.Trainings[t].Model).Distinct()));
        Assert.All(packs, p => Assert.InRange(p.Trainings.Count, 1, 8));
        Assert.Equal(packs.Select(p => p.Index), Enumerable.Range(0, packs.Count));
    }

    [Fact]
    public void Plan_MethodsThatTrainTheBase_ArePacksOfTheirOwn()
    {
        var (grid, packs) = Plan("name: a\nmodels: m\npeft: [lora, full, ia3, { name: last, method: freeze }]\ndata: d\nseeds: [0, 1]", new PlanLimits());
        Assert.Equal(["full", "full", "ia3+ia3+lora+lora", "last", "last"], packs.Select(p => string.Join('+', p.Trainings.Select(t => grid.Trainings[t].Peft).Order())).Order());
        Assert.Equal(Enumerable.Range(0, packs.Count), packs.Select(p => p.Index));
    }

    [Fact]
    public void Plan_SameInput_GivesTheSamePacks()
    {
        var first = Plan(Specs.Example, new PlanLimits { Slots = 3 }).Packs;
        var second = Plan(Specs.Example, new PlanLimits { Slots = 3 }).Packs;
        Assert.Equal(first.Select(p => string.Join(',', p.Trainings)), second.Select(p => string.Join(',', p.Trainings)));
    }

    [Theory]
    [InlineData(1, 4)]
    [InlineData(4, 4)]
    [InlineData(12, 12)]
    [InlineData(100, 24)]
    public void Plan_MoreSlots_MakeSmallerPacks(int slots, int packs) => Assert.Equal(packs, Plan(Specs.Example, new PlanLimits { Slots = slots }).Packs.Count);

    [Fact]
    public void Plan_ModelsWithOneFolderAndLoad_ShareAPackWhateverTheirNames()
        => Assert.Single(Plan("name: a\nmodels: [{ name: x, path: m }, { name: y, path: m, load: bf16 }]\npeft: lora\ndata: d", new PlanLimits()).Packs);

    [Fact]
    public void Plan_OtherLoad_IsAnotherPack()
        => Assert.Equal(2, Plan("name: a\nmodels: [{ name: x, path: m }, { name: y, path: m, load: fp32 }]\npeft: lora\ndata: d", new PlanLimits()).Packs.Count);

    [Fact]
    public void Plan_TokenBudget_LimitsMembers()
    {
        // 16 rows of 512 tokens are 8,192 tokens a member.
        Assert.All(Plan(Specs.Example, new PlanLimits { TokensPerStep = 20_000 }).Packs, p => Assert.Equal(2, p.Trainings.Count));
        Assert.All(Plan(Specs.Example, new PlanLimits { TokensPerStep = 1 }).Packs, p => Assert.Single(p.Trainings));
        var facts = new SpecFacts { Mixes = [.. from m in (string[])["llama-nano", "tall-nano"] from d in (string[])["alpaca", "alpaca-cot"] select new MixFacts { Model = m, Data = d, Kept = 100, Tokens = 12_700 }] };
        Assert.All(Plan(Specs.Example, new PlanLimits { TokensPerStep = 20_000 }, facts).Packs, p => Assert.Equal(6, p.Trainings.Count));
    }

    [Fact]
    public void Plan_MicroBatch_IsTheSweepsOrHoldsARow()
    {
        Assert.All(Plan(Specs.Example, new PlanLimits { MicroBatchTokens = 64, Threads = 3 }).Packs, p => Assert.Equal(new KernelSettings(3, 512), p.Kernel));
        Assert.All(Plan(Specs.Smallest + "\ntraining: { micro_batch_tokens: 100 }", new PlanLimits()).Packs, p => Assert.Equal(100, p.Kernel.MicroBatchTokens));
    }

    [Fact]
    public void Plan_TrainingsOnTheSameData_StandTogether()
    {
        var (grid, packs) = Plan("name: a\nseeds: [0, 1]\nmodels: m\npeft: [lora, ia3]\ndata: [x, y]", new PlanLimits { MaxMembers = 4 });
        Assert.All(packs, p => Assert.Single(p.Trainings.Select(t => grid.Trainings[t].Data).Distinct()));
    }
}
