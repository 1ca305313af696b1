using System.Diagnostics;
using System.Text.Json;
using AlpacaCot.Experiments;

namespace AlpacaCot.Tests.Experiments;

public sealed class ChaosTests(ITestOutputHelper output)
{
    private const string Yaml = """
        name: chaos
        seeds: [0, 1, 2]
        models: [m/a, m/b]
        peft: [lora, ia3]
        data: d
        cot: [none, "Think."]
        evaluation: [x, y]
        """;

    [Theory]
    [InlineData(0.0)]
    [InlineData(0.3)]
    [InlineData(1.0)]
    [InlineData(2.0)]
    public void Apply_AnythingGoingWrong_KeepsItsPromises(double badness)
    {
        int kills = 0, ends = 0, lost = 0, succeeded = 0, failed = 0;
        for (var seed = 0; seed < 40; seed++)
        {
            var chaos = new Chaos(seed, Yaml, slots: 1 + seed % 4, badness, calmAfter: TimeSpan.FromMinutes(20));
            chaos.Run(TimeSpan.FromHours(12));

            var counts = chaos.State.Count();
            Assert.Equal(SweepStatus.Completed, chaos.State.Header.Status);
            Assert.Equal(counts.Total, counts.Succeeded + counts.Failed);
            foreach (var view in chaos.State.View())
            {
                if (view.Status == TrialStatus.Succeeded)
                {
                    Assert.Equal(["x", "y"], view.Results.Select(r => r.Evaluation).Order());
                    Assert.All(view.Results, r => Assert.Equal(view.Trial.Index, r.Metrics["value"]));
                    Assert.NotNull(view.Adapter);
                }
                else Assert.NotNull(view.Failure);
                Assert.InRange(view.Strikes, 0, chaos.State.Options.MaxStrikes);
                if (view.Failure is { Kind: FailureKind.Unknown }) Assert.Equal(chaos.State.Options.MaxStrikes, view.Strikes);
            }
            kills += chaos.OwnerKills;
            ends += chaos.WorkerEnds;
            lost += chaos.LostMessages;
            succeeded += counts.Succeeded;
            failed += counts.Failed;
        }
        output.WriteLine($"badness {badness}: {succeeded} succeeded, {failed} failed; {kills} owner kills, {ends} worker crashes, {lost} lost messages");
        if (badness == 0) Assert.Equal((0, 40 * 24), (failed, succeeded));
        else Assert.True(kills > 0 && ends > 0 && lost > 0 && succeeded > failed, "the test must bite");
    }

    [Fact]
    public void Apply_SameSeed_TakesTheSameDecisions()
    {
        string Record()
        {
            var chaos = new Chaos(5, Yaml, 3, 1.5, TimeSpan.FromMinutes(20));
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
        Assert.Equal(10_000, state.Grid.Trials.Count);
        long inputs = 0, ticks = 0, written = 0, largest = 0;
        while (state.Header.Status == SweepStatus.Running)
        {
            now += TimeSpan.FromSeconds(1);
            ticks++;
            foreach (var assignment in SweepMachine.Apply(state, new Drive(slots), now).Effects.OfType<StartAssignment>().Select(s => s.Assignment).ToList())
            {
                SweepMachine.Apply(state, new StartAccepted(assignment.Slot, assignment.Fence), now);
                foreach (var member in assignment.Members)
                {
                    SweepMachine.Apply(state, new MemberTrained(assignment.Fence, member.Training.Index, SweepHarness.Adapter(1)), now);
                    foreach (var trial in member.Trials) SweepMachine.Apply(state, new ResultReported(assignment.Fence, trial.Trial.Index, SweepHarness.Result("x")), now);
                    inputs += 1 + member.Trials.Count;
                }
                SweepMachine.Apply(state, new AssignmentDone(assignment.Fence), now);
                inputs += 2;
            }
            var (_, shards) = state.TakeDirty();
            foreach (var shard in shards)
            {
                var bytes = JsonSerializer.SerializeToUtf8Bytes(shard).Length;
                written += bytes;
                largest = Math.Max(largest, bytes);
            }
        }
        var total = clock.Elapsed;
        output.WriteLine($"expanded in {expanded.TotalSeconds:0.00} s; {inputs} reports in {(total - expanded).TotalSeconds:0.00} s and {ticks} ticks; {written / 1e6:0.0} MB of shards written, largest {largest / 1024} KiB");

        Assert.Equal(10_000, state.Count().Succeeded);
        Assert.True(largest < 256 * 1024, $"a shard of {largest} bytes");
        Assert.True(total < TimeSpan.FromSeconds(30), $"took {total}");
    }
}
