using System.Diagnostics;
using System.Text.Json;
using AlpacaCot.Experiments.Planning;
using AlpacaCot.Experiments.Scheduling;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Keys;
using FsCheck;
using FsCheck.Fluent;

namespace AlpacaCot.Tests.Experiments;

public sealed class ChaosTests(ITestOutputHelper output)
{
    /// <summary>A sweep and how badly it goes.</summary>
    /// <param name="Seed">Decides everything that happens by chance.</param>
    /// <param name="Seeds">Seeds of the grid.</param>
    /// <param name="Models">Bases of the grid.</param>
    /// <param name="Methods">PEFT methods of the grid.</param>
    /// <param name="Evaluations">Evaluations of each trial.</param>
    /// <param name="Slots">Slots.</param>
    /// <param name="Members">Most members of a pack.</param>
    /// <param name="Badness">Factor on the chance of everything that may go wrong.</param>
    /// <param name="CalmMinutes">When it stops going wrong.</param>
    public sealed record Scenario(int Seed, int Seeds, int Models, int Methods, int Evaluations, int Slots, int Members, double Badness, int CalmMinutes)
    {
        internal string Yaml => $"""
            name: chaos
            seeds: [{string.Join(", ", Enumerable.Range(0, Seeds))}]
            models: [{string.Join(", ", Enumerable.Range(0, Models).Select(i => $"m/{i}"))}]
            peft: [{string.Join(", ", new[] { "lora", "ia3" }.Take(Methods))}]
            data: d
            cot: [none, "Think."]
            evaluation: [{string.Join(", ", new[] { "x", "y", "z" }.Take(Evaluations))}]
            """;
    }

    public static class Scenarios
    {
        public static Arbitrary<Scenario> All()
        {
            var scenarios =
                from seed in Gen.Choose(0, int.MaxValue)
                from grid in Gen.Choose(1, 3).ArrayOf(3)
                from methods in Gen.Choose(1, 2)
                from slots in Gen.Choose(1, 5)
                from members in Gen.Choose(1, 4)
                from badness in Gen.Choose(0, 30)
                from calm in Gen.Choose(0, 40)
                select new Scenario(seed, grid[0], grid[1], methods, grid[2], slots, members, badness / 10.0, calm);
            return Arb.From(scenarios, Smaller);
        }

        private static IEnumerable<Scenario> Smaller(Scenario s)
        {
            if (s.Seeds > 1) yield return s with { Seeds = s.Seeds - 1 };
            if (s.Models > 1) yield return s with { Models = s.Models - 1 };
            if (s.Methods > 1) yield return s with { Methods = s.Methods - 1 };
            if (s.Evaluations > 1) yield return s with { Evaluations = s.Evaluations - 1 };
            if (s.Slots > 1) yield return s with { Slots = s.Slots - 1 };
            if (s.Members > 1) yield return s with { Members = s.Members - 1 };
        }
    }

    [PropertyTest(150, Arbitrary = [typeof(Scenarios)])]
    public void Apply_AnythingGoingWrong_KeepsItsPromises(Scenario scenario) => RunToTheEnd(scenario);

    [Theory]
    [InlineData(0.0)]
    [InlineData(1.0)]
    public void Apply_ManyRuns_TheWorstHappensAndMostSucceed(double badness)
    {
        int kills = 0, ends = 0, lost = 0, succeeded = 0, failed = 0;
        for (var seed = 0; seed < 15; seed++)
        {
            var chaos = RunToTheEnd(new Scenario(seed, 3, 2, 2, 2, 1 + seed % 4, 3, badness, 20));
            (kills, ends, lost) = (kills + chaos.OwnerKills, ends + chaos.WorkerEnds, lost + chaos.LostMessages);
            (succeeded, failed) = (succeeded + chaos.State.Count().Succeeded, failed + chaos.State.Count().Failed);
        }
        output.WriteLine($"badness {badness}: {succeeded} succeeded, {failed} failed; {kills} owner kills, {ends} worker crashes, {lost} lost messages");
        if (badness == 0) Assert.Equal((0, 15 * (24 + 4)), (failed, succeeded));
        else Assert.True(kills > 0 && ends > 0 && lost > 0 && succeeded > failed, "the test must bite");
    }

    /// <summary>Every trial ends, with all its results or with its failure; no attempt is counted that should not be.</summary>
    private static Chaos RunToTheEnd(Scenario scenario)
    {
        var chaos = new Chaos(scenario.Seed, scenario.Yaml, scenario.Slots, scenario.Members, scenario.Badness, TimeSpan.FromMinutes(scenario.CalmMinutes));
        chaos.Run(TimeSpan.FromHours(12));

        var counts = chaos.State.Count();
        Assert.Equal(SweepStatus.Completed, chaos.State.Header.Status);
        // Tuned trials and untuned bases, each under both cues.
        Assert.Equal((scenario.Seeds * scenario.Methods + 1) * scenario.Models * 2, counts.Total);
        Assert.Equal(counts.Total, counts.Succeeded + counts.Failed);
        Assert.Empty(chaos.State.Evaluations);
        foreach (var view in chaos.State.View())
        {
            if (view.Status == TrialStatus.Succeeded)
            {
                Assert.Equal(new[] { "x", "y", "z" }.Take(scenario.Evaluations), view.Results.Select(r => r.Evaluation).Order());
                Assert.All(view.Results, r => Assert.Equal(view.Trial.Index, r.Metrics["value"]));
                Assert.Equal(view.Trial.IsUntuned, view.Adapter is null);
                Assert.Empty(view.Failures);
            }
            else
            {
                Assert.NotNull(view.Failure);
                // What fails when it is asked has been trained, or is an untuned base; what fails in training has been asked nothing.
                var untrained = view.Adapter is null && !view.Trial.IsUntuned;
                Assert.Equal(untrained, view.Results.Count == 0 && view.Failures.Count == 0);
                Assert.Equal(untrained ? 0 : scenario.Evaluations, view.Results.Count + view.Failures.Count);
            }
            Assert.InRange(view.Strikes, 0, chaos.State.Options.MaxStrikes);
            if (view is { Failure.Kind: FailureKind.Unknown, Adapter: null, Trial.IsUntuned: false }) Assert.Equal(chaos.State.Options.MaxStrikes, view.Strikes);
        }
        return chaos;
    }

    [Fact]
    public void Apply_SameSeed_TakesTheSameDecisions()
    {
        string Record()
        {
            var chaos = new Chaos(5, new Scenario(5, 3, 2, 2, 2, 3, 3, 1.5, 20).Yaml, 3, 3, 1.5, TimeSpan.FromMinutes(20));
            chaos.Run(TimeSpan.FromHours(12));
            return JsonSerializer.Serialize(chaos.State.Shards) + JsonSerializer.Serialize(chaos.State.Header);
        }

        Assert.Equal(Record(), Record());
    }

    [Fact]
    public void Apply_TenThousandTrials_IsFastAndWritesLittle()
    {
        var spec = SweepDocument.ParseValid($"name: big\nseeds: [{string.Join(", ", Enumerable.Range(0, 1250))}]\nmodels: [m/a, m/b]\npeft: [lora, ia3]\ndata: d\ncot: [none, \"Think.\"]\nevaluation: x");
        var clock = Stopwatch.StartNew();
        var now = SweepHarness.Start;
        var state = SweepState.Create("big", spec, SpecIdentities.None, new PlanLimits { Slots = 16 }, new SchedulingOptions(), now);
        var expanded = clock.Elapsed;
        var slots = Enumerable.Range(0, 16).Select(s => new SlotOffer($"n/{s}")).ToList();
        Assert.Equal(10_004, state.Grid.Trials.Count);
        long inputs = 0, ticks = 0, written = 0, largest = 0;
        while (state.Header.Status == SweepStatus.Running)
        {
            now += TimeSpan.FromSeconds(1);
            ticks++;
            foreach (var assignment in SweepMachine.Apply(state, new Drive(slots), now).Effects.OfType<StartAssignment>().Select(s => s.Assignment).ToList())
            {
                SweepMachine.Apply(state, new StartAccepted(assignment.Slot, assignment.Fence), now);
                foreach (var report in SweepHarness.WholeOf(assignment))
                {
                    SweepMachine.Apply(state, report, now);
                    inputs++;
                }
            }
            var (_, shards) = state.CollectChanges();
            foreach (var shard in shards)
            {
                var bytes = JsonSerializer.SerializeToUtf8Bytes(shard).Length;
                written += bytes;
                largest = Math.Max(largest, bytes);
            }
        }
        var total = clock.Elapsed;
        output.WriteLine($"expanded in {expanded.TotalSeconds:0.00} s; {inputs} reports in {(total - expanded).TotalSeconds:0.00} s and {ticks} ticks; {written / 1e6:0.0} MB of shards written, largest {largest / 1024} KiB");

        Assert.Equal(10_004, state.Count().Succeeded);
        Assert.True(largest < 256 * 1024, $"a shard of {largest} bytes");
        // Work that grew with the square of the trials would take hours, on any machine.
        Assert.True(total < TimeSpan.FromSeconds(300), $"took {total}");
    }
}
