using System.Text.Json.Nodes;
using AlpacaCot.Experiments.Expansion;
using AlpacaCot.Experiments.Planning;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Facts;
using AlpacaCot.Specs.Keys;

namespace AlpacaCot.Experiments.Scheduling;

/// <summary>
/// A sweep's record in memory: its origin, its header, its shards, the expanded grid, and look-ups over them. It has one owner, changes only in <see cref="SweepMachine.Apply"/>, and reads no clock.
/// What changed is asked for with <see cref="CollectChanges"/>; <see cref="Load"/> gives an equal state back from what was written.
/// </summary>
public sealed class SweepState
{
    private const int SeqBlock = 4096;

    private readonly List<(PackState Pack, MemberState Member)> _byTraining = [];
    private readonly List<(PackState Pack, MemberState Member, TrialState State)> _byTrial = [];
    private readonly SortedSet<int> _dirtyShards = [];
    private readonly ReadyTrials _ready = new();
    private bool _dirtyHeader;
    private long _seq;

    private SweepState(SweepOrigin origin, SweepHeader header, List<SweepShard> shards, Grid grid, SchedulingOptions options)
    {
        Origin = origin;
        Header = header;
        Shards = shards;
        Grid = grid;
        Options = options;
        _seq = header.ReservedSeq;
        foreach (var slot in header.Slots) Health[slot.Slot] = slot;
        Index();
    }

    /// <summary>What the sweep was made of.</summary>
    public SweepOrigin Origin { get; }

    /// <summary>The head of the record.</summary>
    public SweepHeader Header { get; }

    /// <summary>The parts of the record.</summary>
    public IReadOnlyList<SweepShard> Shards { get; }

    /// <summary>The spec.</summary>
    public SweepSpec Spec => Origin.Spec;

    /// <summary>The expanded grid.</summary>
    public Grid Grid { get; }

    /// <summary>Times and budgets.</summary>
    public SchedulingOptions Options { get; }

    /// <summary>All packs, in no particular order.</summary>
    public IEnumerable<PackState> Packs => Shards.SelectMany(s => s.Packs);

    /// <summary>Evaluations that have begun and not ended, in no particular order.</summary>
    public IEnumerable<EvaluationState> Evaluations => Shards.SelectMany(s => s.Evaluations);

    /// <summary>The work that slots have, by fence.</summary>
    public IReadOnlyDictionary<long, WorkState> Leases => Active;

    /// <summary>How many slots the work that waits could use.</summary>
    public int Waiting => Packs.Count(p => p.Status == PackStatus.Pending) + Evaluations.Count(e => e.Status == PackStatus.Pending) + _ready.Count;

    /// <summary>Whether something is to be written.</summary>
    public bool IsDirty => _dirtyHeader || _dirtyShards.Count > 0;

    /// <summary>Packs that wait for a slot.</summary>
    internal WorkQueue<PackState> Packing { get; } = new();

    /// <summary>Evaluations that wait for a slot again; those that have not begun are made of ready trials when a slot takes them.</summary>
    internal WorkQueue<EvaluationState> Evaluating { get; } = new();

    internal Dictionary<long, WorkState> Active { get; } = [];
    internal Dictionary<string, SlotHealth> Health { get; } = new(StringComparer.Ordinal);

    /// <summary>The base that a slot's warm worker probably has loaded.</summary>
    internal Dictionary<string, string> LoadedModel { get; } = new(StringComparer.Ordinal);

    internal int Ended { get; set; }
    internal int PackCount { get; set; }

    /// <summary>Makes the record of a new sweep.</summary>
    /// <param name="sweep">The sweep's name.</param>
    /// <param name="spec">A valid spec.</param>
    /// <param name="identities">What the references of the spec contain.</param>
    /// <param name="limits">What packs must keep to.</param>
    /// <param name="options">Times and budgets.</param>
    /// <param name="now">The sweep's clock.</param>
    /// <param name="facts">For better packs; may be null.</param>
    public static SweepState Create(
        string sweep, SweepSpec spec, SpecIdentities identities, PlanLimits limits, SchedulingOptions options, DateTimeOffset now,
        SpecFacts? facts = null)
    {
        var grid = GridExpander.Expand(spec, identities);
        var shards = new List<SweepShard>();
        var trials = 0;
        foreach (var pack in PacksOf(spec, grid, limits, facts))
        {
            var own = pack.Members.Sum(m => m.Trials.Count);
            if (shards.Count == 0 || trials + own > options.ShardTrials)
            {
                shards.Add(new SweepShard { Index = shards.Count });
                trials = 0;
            }
            shards[^1].Packs.Add(pack);
            trials += own;
        }
        var origin = new SweepOrigin(sweep, spec, identities, HashOf(grid), shards.Count, now) {
            Files = facts?.Files ?? [], Mixes = facts?.Mixes ?? [],
            Vocabularies = facts?.Models.Where(m => m.VocabularySize > 0).ToDictionary(m => m.Name, m => m.VocabularySize, StringComparer.Ordinal) ?? [],
        };
        var created = new SweepState(origin, new SweepHeader(), shards, grid, options) { _dirtyHeader = true };
        foreach (var shard in shards) created._dirtyShards.Add(shard.Index);
        return created;
    }

    /// <summary>The packs that train, and one for each base that is asked untuned.</summary>
    private static IEnumerable<PackState> PacksOf(SweepSpec spec, Grid grid, PlanLimits limits, SpecFacts? facts)
    {
        static List<TrialState> Waiting(IEnumerable<int> trials) => [.. trials.Select(trial => new TrialState { Trial = trial })];
        var index = 0;
        foreach (var pack in PackPlanner.Plan(spec, grid, limits, facts))
            yield return new PackState
            {
                Index = index++, Model = pack.Model, Kernel = pack.Kernel,
                Members = [.. pack.Trainings.Select(training => new MemberState { Training = training, Trials = Waiting(grid.Trainings[training].Trials) })],
            };
        foreach (var untuned in grid.Trials.Where(trial => trial.IsUntuned).GroupBy(trial => trial.Model))
            yield return new PackState
            {
                Index = index++, Model = untuned.Key, Kernel = PackPlanner.KernelOf(spec, limits), Status = PackStatus.Done,
                Members = [new MemberState { Status = TrialStatus.Succeeded, Trials = Waiting(untuned.Select(trial => trial.Index)) }],
            };
    }

    /// <summary>Restores a state from its record. Apply <see cref="Recovered"/> next.</summary>
    /// <exception cref="SweepException">A shard is missing, or the spec expands to other trials than when the sweep was made.</exception>
    public static SweepState Load(SweepOrigin origin, SweepHeader header, IEnumerable<SweepShard> shards, SchedulingOptions options)
    {
        var all = shards.OrderBy(s => s.Index).ToList();
        if (!all.Select(s => s.Index).SequenceEqual(Enumerable.Range(0, origin.Shards)))
            throw new SweepException($"sweep {origin.Sweep}: its record has {all.Count} of {origin.Shards} parts; restore state/ from a copy, or run the sweep under a new name");
        var grid = GridExpander.Expand(origin.Spec, origin.Identities);
        if (HashOf(grid) != origin.GridHash)
            throw new SweepException($"sweep {origin.Sweep}: this version expands its spec to other trials than the version that made it; finish it with that version, or run it under a new name");
        var state = new SweepState(origin, header, all, grid, options);
        // Header and shards are written one after the other: a lease may be on disk whose fence the header has not seen.
        header.NextFence = Math.Max(header.NextFence, state.All.Select(w => w.Fence).DefaultIfEmpty().Max() + 1);
        header.NextEvaluation = Math.Max(header.NextEvaluation, state.Evaluations.Select(e => e.Index + 1).DefaultIfEmpty().Max());
        // Shards are written one after the other too: a lease that had ended may still be on disk beside the slot's next one.
        foreach (var ended in state.Active.Values.GroupBy(w => w.Slot).SelectMany(g => g.OrderByDescending(w => w.Fence).Skip(1)).ToList())
        {
            state.Active.Remove(ended.Fence);
            ended.Status = PackStatus.Pending;
            state.Enqueue(ended);
            state.Touch(ended);
        }
        foreach (var work in state.Active.Values) work.Unconfirmed = true;
        return state;
    }

    /// <summary>
    /// Which parts of the record must be written; they count as written from now on. The owner that fails to write them must drop this state and load
    /// it again.
    /// </summary>
    public (bool Header, IReadOnlyList<SweepShard> Shards) CollectChanges()
    {
        var dirty = (_dirtyHeader, (IReadOnlyList<SweepShard>)[.. _dirtyShards.Select(i => Shards[i])]);
        _dirtyHeader = false;
        _dirtyShards.Clear();
        return dirty;
    }

    /// <summary>The trial's record, its member and its pack.</summary>
    public (PackState Pack, MemberState Member, TrialState Trial) Find(int trial) => _byTrial[trial];

    /// <summary>
    /// The key under which a training is shared with other sweeps; null where the content behind its names is not known, so that equal keys could stand for different things.
    /// </summary>
    public string? SharedKeyOf(TrainingRun training)
        => Origin.Files.Any(f => f.Kind == ReferencedFiles.Model && f.Name == training.Model) && Origin.Files.Any(f => f.Kind == ReferencedFiles.Data && f.Name == training.Data) ? training.Key : null;

    /// <summary>The key under which a result is shared with other sweeps, likewise.</summary>
    public string? SharedKeyOf(Trial trial, string evaluation)
        => Origin.Identities.Suites.ContainsKey(evaluation) && IsKnown(trial) ? trial.ResultKeys[evaluation] : null;

    /// <summary>Whether the content behind the names that a trial's numbers follow from is known.</summary>
    private bool IsKnown(Trial trial)
        => trial.Training is { } training ? SharedKeyOf(Grid.Trainings[training]) is not null : Origin.Files.Any(f => f.Kind == ReferencedFiles.Model && f.Name == trial.Model);

    /// <summary>Trainings that no slot has had yet, with the keys under which other sweeps may have trained them.</summary>
    public IEnumerable<(int Training, string Key)> SharedTrainings()
        => from pack in Packs
           where pack is { Status: PackStatus.Pending, Fence: 0 }
           from member in pack.Members
           where member.Status == TrialStatus.Pending
           // Of an untuned base nothing is pending.
           let training = member.Training!.Value
           let key = SharedKeyOf(Grid.Trainings[training])
           where key is not null
           select (training, key);

    /// <summary>Evaluations that are missing, with the keys under which other sweeps may have computed them.</summary>
    public IEnumerable<(int Trial, string Evaluation, string Key)> SharedResults()
        => from trial in Packs.SelectMany(p => p.Members).SelectMany(m => m.Trials)
           where trial.Status == TrialStatus.Pending
           from evaluation in Spec.Evaluation
           where trial.Lacks(evaluation.Name)
           let key = SharedKeyOf(Grid.Trials[trial.Trial], evaluation.Name)
           where key is not null
           select (trial.Trial, evaluation.Name, key);

    internal (PackState Pack, MemberState Member) FindTraining(int training) => _byTraining[training];

    /// <summary>What is left to do of an evaluation: its trials' evaluations that have neither a result nor a failure.</summary>
    internal IEnumerable<(TrialState Trial, string Evaluation)> Missing(EvaluationState evaluation)
        => from trial in evaluation.Trials
           from asked in Spec.Evaluation
           where (evaluation.Only is null || evaluation.Only == asked.Name) && _byTrial[trial].State.Lacks(asked.Name)
           select (_byTrial[trial].State, asked.Name);

    /// <summary>Whether nothing of some work is left to do.</summary>
    internal bool HasEnded(WorkState work) => work is PackState pack ? pack.Members.All(m => m.Status != TrialStatus.Pending) : !Missing((EvaluationState)work).Any();

    /// <summary>Whether an evaluation holds a trial; it is stored in the same part of the record.</summary>
    internal bool IsHeld(PackState pack, TrialState trial) => Shards[pack.Shard].Evaluations.Exists(e => e.Trials.Contains(trial.Trial));

    /// <summary>Whether a trial waits to be evaluated follows from its record: trained, not ended, and in no evaluation.</summary>
    internal void SetReady(PackState pack, MemberState member, TrialState trial)
    {
        if (trial.Status == TrialStatus.Pending && member.Status == TrialStatus.Succeeded && !IsHeld(pack, trial)) AddReady(pack, member, trial);
        else _ready.Remove(pack.Model, pack.Shard, trial.Trial);
    }

    private void AddReady(PackState pack, MemberState member, TrialState trial)
        => _ready.Add(pack.Model, pack.Shard, trial.Trial, member.Adapter?.Seconds >= Options.ShortTraining.TotalSeconds);

    /// <summary>
    /// The next work on a base: evaluations before trainings, since their results are waited for. Of trainings that take no time many are asked together, once there are many or nothing is
    /// left to train.
    /// </summary>
    internal WorkState? NextOf(string model, int slots, DateTimeOffset now)
        => (_ready.IsDue(model, Options.EvaluationTrials) ? NextEvaluation(model, slots, now) : Evaluating.Dequeue(model, now))
            ?? Packing.Dequeue(model, now)
            ?? (WorkState?)NextEvaluation(model, slots, now);

    /// <summary>The next work for a slot that must load another base: trainings first, since an evaluation may soon find a slot that has its base loaded.</summary>
    internal WorkState? Next(int slots, DateTimeOffset now) => Packing.Dequeue(null, now) ?? (WorkState?)NextEvaluation(null, slots, now);

    private EvaluationState? NextEvaluation(string? model, int slots, DateTimeOffset now)
    {
        if (Evaluating.Dequeue(model, now) is { } again) return again;
        if (_ready.Dequeue(model, slots, Options.EvaluationTrials) is not var (of, shard, trials)) return null;
        var kernel = _byTrial[trials[0]].Pack.Kernel;
        return NewEvaluation(new EvaluationState { Model = of, Shard = shard, Kernel = kernel }, trials, null);
    }

    /// <summary>A new evaluation in the same part of the record as another, cut as that one.</summary>
    internal EvaluationState NewEvaluation(EvaluationState like, IReadOnlyList<int> trials, string? only)
    {
        _dirtyHeader = true;
        var evaluation = new EvaluationState
        {
            Index = Header.NextEvaluation++, Model = like.Model, Shard = like.Shard, Kernel = like.Kernel, OutOfMemoryEnds = like.OutOfMemoryEnds, Trials = [.. trials], Only = only,
        };
        Shards[like.Shard].Evaluations.Add(evaluation);
        Touch(evaluation);
        return evaluation;
    }

    internal void Remove(EvaluationState evaluation)
    {
        Shards[evaluation.Shard].Evaluations.Remove(evaluation);
        Touch(evaluation);
    }

    internal void Touch(WorkState work) => _dirtyShards.Add(work.Shard);

    internal void TouchHeader() => _dirtyHeader = true;

    internal long NextFence()
    {
        _dirtyHeader = true;
        return Header.NextFence++;
    }

    /// <summary>The next sequence number; true where a new block was reserved for it, which must be written before the number is used.</summary>
    internal bool NextSequence(out long seq)
    {
        seq = _seq++;
        if (seq < Header.ReservedSeq) return false;
        Header.ReservedSeq = seq + SeqBlock;
        _dirtyHeader = true;
        return true;
    }

    internal void SetHealth(SlotHealth health)
    {
        if (health.Refusals > 0 || health.Until > default(DateTimeOffset)) Health[health.Slot] = health;
        else if (!Health.Remove(health.Slot)) return;
        Header.Slots = [.. Health.Values.OrderBy(h => h.Slot, StringComparer.Ordinal)];
        _dirtyHeader = true;
    }

    private IEnumerable<WorkState> All => Packs.Concat<WorkState>(Evaluations);

    /// <summary>Moves members to a new pack in the same shard.</summary>
    internal PackState SplitOff(PackState from, MemberState member)
    {
        var pack = new PackState
        {
            Index = PackCount++, Model = from.Model, Kernel = from.Kernel, Shard = from.Shard, SplitFrom = from.Index, OutOfMemoryEnds = 1,
            Checkpoint = from.Checkpoint, Members = [member],
        };
        Shards[from.Shard].Packs.Add(pack);
        if (member.Training is { } training) _byTraining[training] = (pack, member);
        foreach (var trial in member.Trials) _byTrial[trial.Trial] = (pack, member, trial);
        Touch(pack);
        return pack;
    }

    /// <summary>Lets work that was read from disk wait for a slot, or ends it where a report that is on disk already has left nothing to do.</summary>
    private void Enqueue(WorkState work)
    {
        switch (work)
        {
            case PackState pack when HasEnded(pack): pack.Status = pack.OutcomeOfMembers; break;
            case PackState pack: Packing.Add(pack); break;
            case EvaluationState evaluation when HasEnded(evaluation): Remove(evaluation); break;
            case EvaluationState evaluation: Evaluating.Add(evaluation); break;
        }
    }

    private void Index()
    {
        _byTraining.AddRange(Enumerable.Repeat<(PackState, MemberState)>(default!, Grid.Trainings.Count));
        _byTrial.AddRange(Enumerable.Repeat<(PackState, MemberState, TrialState)>(default!, Grid.Trials.Count));
        foreach (var shard in Shards)
        {
            foreach (var pack in shard.Packs)
            {
                pack.Shard = shard.Index;
                PackCount = Math.Max(PackCount, pack.Index + 1);
                if (pack.Active) Active[pack.Fence] = pack;
                foreach (var member in pack.Members)
                {
                    if (member.Training is { } training) _byTraining[training] = (pack, member);
                    foreach (var trial in member.Trials)
                    {
                        _byTrial[trial.Trial] = (pack, member, trial);
                        if (trial.Status != TrialStatus.Pending) Ended++;
                    }
                }
            }
            foreach (var evaluation in shard.Evaluations)
            {
                evaluation.Shard = shard.Index;
                if (evaluation.Active) Active[evaluation.Fence] = evaluation;
            }
            foreach (var waiting in shard.Packs.Concat<WorkState>(shard.Evaluations).Where(w => w.Status == PackStatus.Pending).ToList()) Enqueue(waiting);
            var held = shard.Evaluations.SelectMany(e => e.Trials).ToHashSet();
            foreach (var pack in shard.Packs)
                foreach (var member in pack.Members.Where(m => m.Status == TrialStatus.Succeeded))
                    foreach (var trial in member.Trials.Where(t => t.Status == TrialStatus.Pending && !held.Contains(t.Trial))) AddReady(pack, member, trial);
        }
    }

    private static string HashOf(Grid grid)
        => CanonicalJson.Hash(new JsonArray([.. grid.Trials.Select(t => (JsonNode?)(t.Name + " " + t.TrialKey))]));
}
