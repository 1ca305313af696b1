using System.Text.Json;
using AlpacaCot.Experiments.Planning;
using AlpacaCot.Experiments.Scheduling;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Keys;

namespace AlpacaCot.Tests.Experiments;

/// <summary>
/// A sweep in virtual time with everything that goes wrong: messages are lost, doubled and late; workers crash, run out of memory and produce NaN;
/// slots refuse; the owner of the record is killed between
/// (and in the middle of) writes. It plays the grains' part exactly: intents are written before their effects, reports are repeated until they are
/// answered.
/// </summary>
internal sealed class Chaos
{
    private static readonly DateTimeOffset Begin = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly Random _random;
    private readonly double _badness;
    private readonly TimeSpan _calmAfter;
    private readonly SchedulingOptions _options = new();
    private readonly PriorityQueue<Action, (TimeSpan, long)> _agenda = new();
    private readonly Dictionary<string, Slot> _slots = [];
    private readonly HashSet<long> _startedFences = [];
    private readonly Dictionary<(int Trial, string Evaluation), long> _accepted = [];
    private string _header = "";
    private readonly Dictionary<int, string> _shards = [];
    private SweepState _state;
    private TimeSpan _now;
    private long _order, _lastFence, _lastSeq = -1;

    public Chaos(int seed, string yaml, int slots, int members, double badness, TimeSpan calmAfter)
    {
        _random = new Random(seed);
        (_badness, _calmAfter) = (badness, calmAfter);
        _state = SweepState.Create("chaos", SweepDocument.ParseValid(yaml), SpecIdentities.None, new PlanLimits { Slots = slots, MaxMembers = members }, _options with { ShardTrials = 8 }, Begin);
        Write(_state.CollectChanges());
        for (var s = 0; s < slots; s++) _slots[$"n/{s}"] = new Slot { Name = $"n/{s}" };
    }

    public SweepState State => _state;
    public int OwnerKills { get; private set; }
    public int WorkerEnds { get; private set; }
    public int LostMessages { get; private set; }

    private bool Calm => _now > _calmAfter;
    private bool Bad(double chance) => !Calm && _random.NextDouble() < chance * _badness;

    /// <summary>Runs until the sweep has ended or the virtual time is over.</summary>
    public void Run(TimeSpan until)
    {
        In(TimeSpan.Zero, Tick);
        while (_agenda.TryDequeue(out var action, out var at) && at.Item1 <= until)
        {
            _now = at.Item1;
            action();
            Assert.Equal(_state.Leases.Count, _state.Leases.Values.Select(p => p.Slot).Distinct().Count());
            if (_state.Header.Status != SweepStatus.Running && !_state.IsDirty) return;
        }
    }

    private void In(TimeSpan delay, Action action) => _agenda.Enqueue(action, (_now + delay, _order++));

    private TimeSpan Delay() => TimeSpan.FromMilliseconds(Bad(0.05) ? _random.Next(90_000) : _random.Next(1, 50));

    /// <summary>A message arrives once, twice or not at all.</summary>
    private void Send(Action deliver)
    {
        if (Bad(0.08)) { LostMessages++; return; }
        In(Delay(), deliver);
        if (Bad(0.08)) In(Delay(), deliver);
    }

    // ---- the owner of the record ----

    private void Tick()
    {
        if (Bad(0.01)) KillOwner();
        else
        {
            Apply(new Drive([.. _slots.Values.Select(s => new SlotOffer(s.Name, s.Run?.Assignment.Fence))]));
            if (_state.IsDirty) Write(_state.CollectChanges());
        }
        In(TimeSpan.FromSeconds(2), Tick);
    }

    private Verdict? Apply(SweepInput input)
    {
        var fence = (input as SlotReport)?.Fence;
        var outcome = SweepMachine.Apply(_state, input, Begin + _now);
        if (outcome.Verdict == Verdict.Accepted && input is ResultReported result)
        {
            Assert.True(_accepted.TryAdd((result.Trial, result.Result.Evaluation), fence!.Value), $"trial {result.Trial} was accepted twice");
            Assert.Equal(fence, _state.Find(result.Trial).Trial.Results.Single(r => r.Evaluation == result.Result.Evaluation).Fence);
        }
        foreach (var effect in outcome.Effects)
            switch (effect)
            {
                case Persist { BeforeOthers: true }:
                    if (Bad(0.02))
                    {
                        // Killed in the middle of the write: some parts are on disk, no effect has happened.
                        var (header, shards) = _state.CollectChanges();
                        Write((header && _random.Next(2) == 0, [.. shards.Where(_ => _random.Next(2) == 0)]));
                        KillOwner();
                        return null;
                    }
                    Write(_state.CollectChanges());
                    break;
                case StartAssignment start:
                    Assert.True(start.Assignment.Fence > _lastFence, "fences must rise, over restarts too");
                    _lastFence = start.Assignment.Fence;
                    var slot = _slots[start.Assignment.Slot];
                    Send(() => slot.Receive(this, start.Assignment));
                    break;
                case StopAssignment stop:
                    Send(() => _slots[stop.Slot].Stop(stop.Fence));
                    break;
                case Emit emit:
                    Assert.True(emit.Event.Seq > _lastSeq, "sequence numbers must rise, over restarts too");
                    _lastSeq = emit.Event.Seq;
                    break;
            }
        return outcome.Verdict;
    }

    private void Write((bool Header, IReadOnlyList<SweepShard> Shards) dirty)
    {
        if (dirty.Header) _header = JsonSerializer.Serialize(_state.Header);
        foreach (var shard in dirty.Shards) _shards[shard.Index] = JsonSerializer.Serialize(shard);
    }

    private void KillOwner()
    {
        OwnerKills++;
        _state = SweepState.Load(_state.Origin, JsonSerializer.Deserialize<SweepHeader>(_header)!, _shards.Values.Select(s => JsonSerializer.Deserialize<SweepShard>(s)!), _options with { ShardTrials = 8 });
        // What was accepted and not yet written is forgotten, as it must be: it comes again.
        _accepted.Clear();
        foreach (var trial in _state.Packs.SelectMany(p => p.Members).SelectMany(m => m.Trials))
            foreach (var result in trial.Results) _accepted[(trial.Trial, result.Evaluation)] = result.Fence;
        Apply(new Recovered());
        // On one machine the workers die with the silo; on a cluster they go on.
        foreach (var slot in _slots.Values) if (_random.Next(2) == 0) slot.Run = null;
    }

    // ---- slots and workers ----

    private sealed class Slot
    {
        public required string Name { get; init; }
        public long Seen { get; private set; }
        public Worker? Run { get; set; }

        public void Receive(Chaos chaos, Assignment assignment)
        {
            SweepInput answer;
            if (assignment.Fence < Seen) answer = new StartRefused(Name, assignment.Fence, RefusalKind.Stale, "seen newer", Seen);
            else if (assignment.Fence == Seen) answer = new StartAccepted(Name, assignment.Fence);
            else if (Run is not null)
            {
                Run = null;
                answer = new StartRefused(Name, assignment.Fence, RefusalKind.Busy, "stopping the old one");
            }
            else if (chaos.Bad(0.1)) answer = new StartRefused(Name, assignment.Fence, RefusalKind.Unavailable, "no such device");
            else
            {
                Seen = assignment.Fence;
                Assert.True(chaos._startedFences.Add(assignment.Fence), "one fence, one run");
                Run = new Worker(chaos, this, assignment);
                Run.Begin();
                answer = new StartAccepted(Name, assignment.Fence);
            }
            chaos.Send(() => chaos.Apply(answer));
        }

        public void Stop(long fence)
        {
            if (Run?.Assignment.Fence == fence) Run = null;
        }
    }

    private sealed class Worker(Chaos chaos, Slot slot, Assignment assignment)
    {
        private readonly Queue<Func<SweepInput>> _work = new();

        public Assignment Assignment => assignment;

        private bool Alive => slot.Run == this;

        public void Begin()
        {
            var fence = assignment.Fence;
            if (assignment is TrainingAssignment pack)
            {
                for (var step = (int)(pack.Checkpoint?.Step ?? 0) + 10; step <= 30; step += 10)
                {
                    var at = step;
                    foreach (var member in pack.Members.Where(m => m.Train)) _work.Enqueue(() => new ProgressReported(fence, member.Training.Index, at, 1.0 / at, 100));
                    _work.Enqueue(() => new CheckpointReported(fence, $"{fence}/step-{at}", at, "sha"));
                }
                foreach (var member in pack.Members.Where(m => m.Train))
                    _work.Enqueue(() => chaos.Bad(0.01)
                        ? new MemberFailed(fence, member.Training.Index, FailureKind.NonFinite, "NaN")
                        : new MemberTrained(fence, member.Training.Index, new TrainedAdapter($"{fence}", "sha", 30, 1, 1, 1)));
            }
            if (assignment is EvaluationAssignment evaluation)
                foreach (var (trial, name) in SweepHarness.AskedOf(evaluation))
                    _work.Enqueue(() => chaos.Bad(0.01)
                        ? new EvaluationFailed(fence, trial, name, FailureKind.Data, "unreadable")
                        : new ResultReported(fence, trial, new EvaluationResult(name, new Dictionary<string, double> { ["value"] = trial }, 1, 1, null)));
            _work.Enqueue(() => new AssignmentDone(fence));
            Renew();
            Next();
        }

        private void Renew()
        {
            if (!Alive) return;
            Ask(new LeaseRenewed(assignment.Fence), _ => { }, retry: false);
            chaos.In(TimeSpan.FromSeconds(10), Renew);
        }

        private void Next()
        {
            if (!Alive) return;
            if (chaos.Bad(0.03)) { Crash(); return; }
            if (chaos.Bad(0.01))
            {
                // It hangs: alive to itself, silent to all.
                slot.Run = null;
                return;
            }
            if (!_work.TryDequeue(out var make)) { slot.Run = null; return; }
            var report = make();
            chaos.In(TimeSpan.FromMilliseconds(chaos._random.Next(10, 4000)), () => Ask(report, verdict =>
            {
                Assert.NotEqual(Verdict.Unknown, verdict);
                Next();
            }, retry: true));
        }

        private void Crash()
        {
            chaos.WorkerEnds++;
            slot.Run = null;
            var kind = chaos._random.Next(7) switch { 0 => FailureKind.OutOfMemory, 1 => FailureKind.Preempted, 2 => FailureKind.Transient, _ => FailureKind.Unknown };
            chaos.Send(() => chaos.Apply(new AssignmentFailed(assignment.Fence, kind, "crashed")));
        }

        /// <summary>A call that may be lost on its way there or back; repeated until it is answered.</summary>
        private void Ask(SweepInput input, Action<Verdict> answered, bool retry)
        {
            if (!Alive) return;
            var done = false;
            chaos.Send(() =>
            {
                if (chaos.Apply(input) is not { } verdict) return;
                chaos.Send(() =>
                {
                    if (done || !Alive) return;
                    done = true;
                    if (verdict == Verdict.Stale) slot.Run = null;
                    else answered(verdict);
                });
            });
            if (retry) chaos.In(TimeSpan.FromSeconds(5), () => { if (!done) { done = true; Ask(input, answered, retry); } });
        }
    }
}
