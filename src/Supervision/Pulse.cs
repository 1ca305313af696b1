using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Supervision;

/// <summary>
/// Whether a worker's work goes on, judged by what its working thread says: how long it has been silent, and how long it may be in its present phase. To be looked at again and again; time in which
/// this process did not look itself (it was stopped, or the machine slept) counts as one look, since what the worker said meanwhile has not been read.
/// </summary>
/// <param name="limits">The limits.</param>
/// <param name="time">The clock.</param>
/// <param name="period">The longest time between two looks where nothing is wrong.</param>
public sealed class Pulse(SilenceLimits limits, TimeProvider time, TimeSpan period)
{
    /// <summary>A phase is measured once this many of its pieces have been seen: the first is longer than others (kernels are chosen, memory is taken).</summary>
    private const int Enough = 3;

    private readonly Dictionary<string, (int Count, TimeSpan Longest)> _measured = new(StringComparer.Ordinal);
    private long _looked = time.GetTimestamp();
    private TimeSpan _silent;
    private string _phase = WorkPhases.Load;

    /// <summary>How long the worker may be silent now.</summary>
    public TimeSpan Limit => _measured.TryGetValue(_phase, out var measured) && measured.Count >= Enough
        ? SilenceLimits.Later(limits.Floor, measured.Longest * limits.Longest) : limits.Unmeasured;

    /// <summary>The worker has said something of its work.</summary>
    public void Heard(WorkerEvent said)
    {
        Look();
        var phase = said switch { HeartbeatEvent beat => beat.Phase, ProgressEvent progress => progress.Phase, _ => null };
        // Steps are alike, and what lies between them is none.
        if (phase is WorkPhases.Train or WorkPhases.Generate && phase == _phase)
        {
            var before = _measured.GetValueOrDefault(phase);
            _measured[phase] = (before.Count + 1, SilenceLimits.Later(before.Longest, _silent));
        }
        if (phase is not null) _phase = phase;
        _silent = TimeSpan.Zero;
    }

    /// <summary>Nothing is expected of the worker: silence begins anew.</summary>
    public void Rest()
    {
        Look();
        _silent = TimeSpan.Zero;
    }

    /// <summary>Whether the worker has been silent for too long; with what to say of it.</summary>
    public bool IsOver(out string problem)
    {
        Look();
        problem = FormattableString.Invariant($"the worker said nothing of its work for {_silent.TotalMinutes:0.#} min (it may take {Limit.TotalMinutes:0.#} min in the phase '{_phase}') and was ended");
        return _silent >= Limit;
    }

    private void Look()
    {
        var since = time.GetElapsedTime(_looked);
        _looked = time.GetTimestamp();
        _silent += since < period * 2 ? since : period * 2;
    }
}
