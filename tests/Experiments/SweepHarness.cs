using System.Text.Json;
using AlpacaCot.Experiments.Planning;
using AlpacaCot.Experiments.Scheduling;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Facts;
using AlpacaCot.Specs.Keys;

namespace AlpacaCot.Tests.Experiments;

/// <summary>A sweep under test with its own clock; carries out no effect but remembers all.</summary>
internal sealed class SweepHarness
{
    public static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public SweepHarness(string yaml, PlanLimits? limits = null, SchedulingOptions? options = null, SpecFacts? facts = null, SpecIdentities? identities = null)
    {
        Options = options ?? new SchedulingOptions();
        State = SweepState.Create("s", SweepDocument.ParseValid(yaml), identities ?? SpecIdentities.None, limits ?? new PlanLimits(), Options, Start, facts);
    }

    public SchedulingOptions Options { get; }
    public SweepState State { get; private set; }
    public DateTimeOffset Now { get; set; } = Start;
    public List<SweepEffect> Effects { get; } = [];

    public IEnumerable<SweepEvent> Events => Effects.OfType<Emit>().Select(e => e.Event);

    public Verdict Apply(SweepInput input)
    {
        var outcome = SweepMachine.Apply(State, input, Now);
        Effects.AddRange(outcome.Effects);
        return outcome.Verdict;
    }

    public IReadOnlyList<Assignment> Drive(params string[] idle)
    {
        var outcome = SweepMachine.Apply(State, new Drive([.. idle.Select(s => new SlotOffer(s))]), Now);
        Effects.AddRange(outcome.Effects);
        return [.. outcome.Effects.OfType<StartAssignment>().Select(e => e.Assignment)];
    }

    /// <summary>Leases one assignment to a slot and confirms it.</summary>
    public Assignment Run(string slot = "a/0")
    {
        var assignment = Assert.Single(Drive(slot));
        Assert.Equal(Verdict.Accepted, Apply(new StartAccepted(slot, assignment.Fence)));
        return assignment;
    }

    public TrainingAssignment RunPack(string slot = "a/0") => Assert.IsType<TrainingAssignment>(Run(slot));

    public EvaluationAssignment RunEvaluation(string slot = "a/0") => Assert.IsType<EvaluationAssignment>(Run(slot));

    /// <summary>Does everything that an assignment asks.</summary>
    public void Finish(Assignment assignment)
    {
        foreach (var report in WholeOf(assignment)) Apply(report);
    }

    /// <summary>Gives one slot all that is left, and does it.</summary>
    public void FinishRest(string slot = "a/0")
    {
        while (State.Header.Status == SweepStatus.Running) Finish(Run(slot));
    }

    /// <summary>All that a worker reports which does what an assignment asks.</summary>
    public static IEnumerable<SlotReport> WholeOf(Assignment assignment)
    {
        if (assignment is TrainingAssignment pack)
            foreach (var member in pack.Members.Where(m => m.Train)) yield return new MemberTrained(pack.Fence, member.Training.Index, Adapter(pack.Fence));
        if (assignment is EvaluationAssignment evaluation)
            foreach (var trial in evaluation.Members.SelectMany(m => m.Trials))
                foreach (var name in trial.Evaluations) yield return new ResultReported(evaluation.Fence, trial.Trial.Index, Result(name));
        yield return new AssignmentDone(assignment.Fence);
    }

    /// <summary>Trial and evaluation of all that an assignment asks.</summary>
    public static IReadOnlyList<(int Trial, string Evaluation)> AskedOf(EvaluationAssignment evaluation)
        => [.. evaluation.Members.SelectMany(m => m.Trials).SelectMany(t => t.Evaluations.Select(e => (t.Trial.Index, e)))];

    public static TrainedAdapter Adapter(long fence) => new($"adapters/{fence}", "00", 10, 1.5, 2, 1000);

    public static EvaluationResult Result(string evaluation, double value = 0.5) => new(evaluation, new Dictionary<string, double> { ["exact_match"] = value }, 100, 1, null);

    /// <summary>Ends the process and starts it again from what was written.</summary>
    public void Restart()
    {
        var (_, _) = State.CollectChanges();
        var origin = JsonSerializer.Deserialize<SweepOrigin>(JsonSerializer.Serialize(State.Origin))!;
        var header = JsonSerializer.Deserialize<SweepHeader>(JsonSerializer.Serialize(State.Header))!;
        var shards = State.Shards.Select(s => JsonSerializer.Deserialize<SweepShard>(JsonSerializer.Serialize(s))!).ToList();
        State = SweepState.Load(origin, header, shards, Options);
        Apply(new Recovered());
    }
}
