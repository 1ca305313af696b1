namespace AlpacaCot.Experiments.Scheduling;

/// <summary>One application of the rules: the state, the time, and what must be done because of it.</summary>
internal sealed class Transition(SweepState state, DateTimeOffset now)
{
    private readonly List<SweepEffect> _effects = [];
    private bool _intent;

    public SweepState State => state;
    public DateTimeOffset Now => now;
    public SchedulingOptions Options => state.Options;

    public void Start(Assignment assignment)
    {
        _intent = true;
        _effects.Add(new StartAssignment(assignment));
    }

    public void Stop(WorkState work, string reason) => _effects.Add(new StopAssignment(work.Slot!, work.Fence, reason));

    public void Complete() => _effects.Add(new Completed(state.Header.Status));

    public void Emit(SweepEventKind kind, string message, WorkState? work = null, Func<SweepEvent, SweepEvent>? more = null)
    {
        // No number may be used twice: the block that it comes from is on disk before it is used.
        _intent |= state.NextSequence(out var seq);
        var emitted = new SweepEvent(seq, now, kind, message);
        if (work is not null) emitted = emitted with { Work = work.Name, Slot = work.Slot, Fence = work.Fence > 0 ? work.Fence : null };
        _effects.Add(new Emit(more is null ? emitted : more(emitted)));
    }

    public IReadOnlyList<SweepEffect> Effects()
    {
        if (state.IsDirty) _effects.Insert(0, new Persist(_intent));
        return _effects;
    }
}
