using System.Text.Json;
using AlpacaCot.Experiments.Planning;
using AlpacaCot.Experiments.Scheduling;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Keys;

namespace AlpacaCot.Tests.Experiments;

/// <summary>
/// The owner of the record is killed between a report's arrival and its answer: before it is applied, after it, in the middle of the write and after it. The slot repeats what was not answered;
/// what was answered is on disk, and is never given out again.
/// </summary>
public sealed class AcknowledgedReportsTests(ITestOutputHelper output)
{
    private const string Slot = "a/0";

    private static readonly string _yaml = $"""
        name: s
        seeds: [{string.Join(", ", Enumerable.Range(0, 24))}]
        models: m
        peft: [lora, ia3]
        data: alpaca
        cot: [none, "Think."]
        evaluation: [x, y]
        """;

    private readonly Random _random = new(20260101);
    private readonly SchedulingOptions _options = new() { ShardTrials = 16 };
    private readonly HashSet<string> _answered = [];
    private readonly Dictionary<string, long> _checkpoints = [];
    private readonly Dictionary<int, string> _shards = [];
    private string _header = "";
    private DateTimeOffset _now = SweepHarness.Start;
    private SweepState _state = null!;
    private int _kills;

    private enum Point
    {
        None,
        BeforeIt,
        AfterIt,
        WithinTheWrite,
        AfterTheWrite,
    }

    [Fact]
    public void Killed_BetweenArrivalAndAnswer_NothingAnsweredIsComputedAgain()
    {
        _state = SweepState.Create("s", SweepDocument.ParseValid(_yaml), SpecIdentities.None, new PlanLimits { MaxMembers = 3 }, _options, _now);
        Write(_state.CollectChanges());
        var points = new Dictionary<Point, int>();
        while (_state.Header.Status == SweepStatus.Running)
        {
            _now += TimeSpan.FromSeconds(5);
            if (Apply(new Drive([new SlotOffer(Slot)])).Effects.OfType<StartAssignment>().SingleOrDefault()?.Assignment is not { } assignment) continue;
            RequireNothingAnswered(assignment);
            foreach (var report in Reports(assignment))
            {
                while (true)
                {
                    var point = _random.Next(2) == 0 ? (Point)_random.Next(1, 5) : Point.None;
                    points[point] = points.GetValueOrDefault(point) + 1;
                    if (Deliver(report, point)) break;
                    Kill(assignment.Fence);
                }
                Note(report, assignment);
                // A worker that ends in the middle: what it has not reported is given out anew, and nothing else.
                if (_random.Next(12) != 0) continue;
                Deliver(new AssignmentFailed(assignment.Fence, FailureKind.Preempted, "its node restarts"), Point.None);
                break;
            }
        }
        output.WriteLine($"{_kills} kills: {string.Join(", ", points.Where(p => p.Key != Point.None).Select(p => $"{p.Value} {p.Key}"))}; {_answered.Count} answered");
        Assert.True(_kills >= 200, $"{_kills} kills");
        Assert.Equal(98, _state.Count().Succeeded);
        Assert.Equal(48 + 2 * 98, _answered.Count);
    }

    private static IEnumerable<SlotReport> Reports(Assignment assignment)
    {
        yield return new LeaseRenewed(assignment.Fence);
        if (assignment is TrainingAssignment pack)
            for (var step = (int)(pack.Checkpoint?.Step ?? 0) + 10; step <= 30; step += 10) yield return new CheckpointReported(pack.Fence, $"{pack.Fence}/step-{step}", step, "sha");
        foreach (var report in SweepHarness.WholeOf(assignment)) yield return report;
    }

    /// <summary>Whether the report was answered; otherwise the owner is dead.</summary>
    private bool Deliver(SlotReport report, Point point)
    {
        if (point == Point.BeforeIt) return false;
        var outcome = SweepMachine.Apply(_state, report, _now);
        Assert.NotEqual(Verdict.Unknown, outcome.Verdict);
        if (point == Point.AfterIt) return false;
        var (header, shards) = _state.CollectChanges();
        if (point == Point.WithinTheWrite)
        {
            Write((header && _random.Next(2) == 0, [.. shards.Where(_ => _random.Next(2) == 0)]));
            return false;
        }
        Write((header, shards));
        return point != Point.AfterTheWrite;
    }

    private void RequireNothingAnswered(Assignment assignment)
    {
        if (assignment is TrainingAssignment pack)
        {
            Assert.All(pack.Members.Where(m => m.Train), m => Assert.DoesNotContain($"trained {m.Training.Index}", _answered));
            Assert.True((pack.Checkpoint?.Step ?? 0) >= _checkpoints.GetValueOrDefault(pack.Name), $"{pack.Name} goes back behind an answered checkpoint");
        }
        else Assert.All(SweepHarness.AskedOf((EvaluationAssignment)assignment), asked => Assert.DoesNotContain($"result {asked}", _answered));
    }

    private void Note(SlotReport report, Assignment assignment)
    {
        if (report is CheckpointReported checkpoint) _checkpoints[assignment.Name] = checkpoint.Step;
        if (report is MemberTrained trained) Assert.True(_answered.Add($"trained {trained.Training}"));
        if (report is ResultReported result) Assert.True(_answered.Add($"result {(result.Trial, result.Result.Evaluation)}"));
    }

    private Outcome Apply(SweepInput input)
    {
        var outcome = SweepMachine.Apply(_state, input, _now);
        Write(_state.CollectChanges());
        return outcome;
    }

    /// <summary>The owner ends and is started again; its worker has lived on.</summary>
    private void Kill(long fence)
    {
        _kills++;
        _state = SweepState.Load(_state.Origin, JsonSerializer.Deserialize<SweepHeader>(_header)!, _shards.Values.Select(s => JsonSerializer.Deserialize<SweepShard>(s)!), _options);
        Apply(new Recovered());
        Apply(new Drive([new SlotOffer(Slot, fence)]));
    }

    private void Write((bool Header, IReadOnlyList<SweepShard> Shards) changes)
    {
        if (changes.Header) _header = JsonSerializer.Serialize(_state.Header);
        foreach (var shard in changes.Shards) _shards[shard.Index] = JsonSerializer.Serialize(shard);
    }
}
