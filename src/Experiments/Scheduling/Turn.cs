namespace AlpacaCot.Experiments;

/// <summary>One application of the rules: the state, the time, and what must be done because of it.</summary>
internal sealed class Turn(SweepState state, DateTimeOffset now)
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

    public void Stop(PackState pack, string reason) => _effects.Add(new StopAssignment(pack.Slot!, pack.Fence, reason));

    public void Complete() => _effects.Add(new Completed(state.Header.Status));

    public void Tell(SweepEventKind kind, string message, PackState? pack = null, Func<SweepEvent, SweepEvent>? more = null)
    {
        // A number must never be told twice: the block that it comes from is on disk before it is used.
        _intent |= state.TakeSeq(out var seq);
        var told = new SweepEvent(seq, now, kind, message);
        if (pack is not null) told = told with { Pack = pack.Index, Slot = pack.Slot, Fence = pack.Fence > 0 ? pack.Fence : null };
        _effects.Add(new Emit(more is null ? told : more(told)));
    }

    public IReadOnlyList<SweepEffect> Effects()
    {
        if (state.IsDirty) _effects.Insert(0, new Persist(_intent));
        return _effects;
    }
}
