using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Grains.Sweeps;

/// <summary>Where running packs are, for people; nothing of it is stored.</summary>
internal sealed class LiveProgress(TimeProvider time)
{
    private readonly Dictionary<string, Phase> _packs = new(StringComparer.Ordinal);

    /// <summary>A pack's phase since it was first heard of.</summary>
    private sealed record Phase(ProgressEvent First, long Began, ProgressEvent Last, long At);

    /// <summary>Sets the last progress of a pack.</summary>
    public void Set(string pack, ProgressEvent progress)
    {
        var now = time.GetTimestamp();
        // Members of a pack train together: their steps are one phase. Each trial that is asked has its own.
        var same = _packs.TryGetValue(pack, out var before) && before.Last.Fence == progress.Fence && before.Last.Phase == progress.Phase && before.Last.Note == progress.Note
            && (progress.Phase == Train || before.Last.Member == progress.Member) && progress.Step >= before.Last.Step;
        _packs[pack] = same ? before! with { Last = progress, At = now } : new Phase(progress, now, progress, now);
    }

    private const string Train = "train";

    /// <summary>The last progress of a pack.</summary>
    public ProgressEvent? Of(string pack) => _packs.GetValueOrDefault(pack)?.Last;

    /// <summary>Seconds until a pack's phase has ended, by its speed since it was first heard of; null before two steps were heard of.</summary>
    public double? SecondsLeft(string pack)
    {
        if (!_packs.TryGetValue(pack, out var phase) || phase.Last.Total <= 0 || phase.Last.Step <= phase.First.Step) return null;
        var perStep = time.GetElapsedTime(phase.Began, phase.At).TotalSeconds / (phase.Last.Step - phase.First.Step);
        return Math.Max(0, (phase.Last.Total - phase.Last.Step) * perStep - time.GetElapsedTime(phase.At).TotalSeconds);
    }
}
