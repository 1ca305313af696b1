namespace AlpacaCot.Grains.Sessions;

/// <summary>
/// Who needs this silo: the sessions of clients, and the sweeps that it drives. A silo that a command has started drives only the sweeps that it is given (another's leftovers would take
/// its slots), and ends when nobody needs it any more. One that a user has started drives all and ends when it is told to.
/// </summary>
/// <param name="time">The clock.</param>
/// <param name="forCommands">Whether a command has started the silo.</param>
public sealed class SiloUse(TimeProvider time, bool forCommands)
{
    /// <summary>A session that is silent for this long is gone: five of its words, which a busy machine may hold up.</summary>
    public static readonly TimeSpan Expiry = TimeSpan.FromSeconds(10);

    /// <summary>How long a silo waits for the next user where the last has not said goodbye: longer than a client takes to find it.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    /// <summary>How long it waits for the first one, its own start included: on a busy machine the command that has started it needs seconds of its own to find it, and is left without a silo otherwise.</summary>
    public static readonly TimeSpan Arrival = TimeSpan.FromSeconds(60);

    private readonly Dictionary<string, long> _sessions = new(StringComparer.Ordinal);
    private readonly HashSet<string> _sweeps = new(StringComparer.Ordinal);
    private readonly TaskCompletionSource _ending = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _gate = new();
    private long _needed = time.GetTimestamp();
    private long _checked = time.GetTimestamp();
    private bool _leftInOrder, _hasCome;

    /// <summary>Whether the silo ends by itself, and drives only what it is given.</summary>
    public bool ForCommands => forCommands;

    /// <summary>Ends when the silo shall.</summary>
    public Task Ending => _ending.Task;

    /// <summary>A session says that it is there. False where the silo is ending.</summary>
    public bool Renew(string session)
    {
        lock (_gate)
        {
            if (_ending.Task.IsCompleted) return false;
            _sessions[session] = _needed = time.GetTimestamp();
            (_leftInOrder, _hasCome) = (false, true);
            return true;
        }
    }

    /// <summary>A session ends. True where the silo ends with it.</summary>
    public bool Leave(string session, string? abandoned)
    {
        lock (_gate)
        {
            _sessions.Remove(session);
            ForgetSilent();
            if (!forCommands || _sessions.Count > 0) return false;
            _leftInOrder = true;
            if (_sweeps.Any(sweep => sweep != abandoned)) return false;
            _ending.TrySetResult();
            return true;
        }
    }

    /// <summary>Whether only sweeps need the silo: it ends with the last of them.</summary>
    public bool IsLeft
    {
        get
        {
            lock (_gate) return _leftInOrder;
        }
    }

    /// <summary>Whether this silo drives a sweep.</summary>
    public bool Drives(string sweep)
    {
        lock (_gate) return !forCommands || _sweeps.Contains(sweep);
    }

    /// <summary>A sweep is driven from now on.</summary>
    public void Begin(string sweep)
    {
        lock (_gate) _sweeps.Add(sweep);
    }

    /// <summary>A sweep has ended.</summary>
    public void End(string sweep)
    {
        lock (_gate)
        {
            if (_sweeps.Remove(sweep)) _needed = time.GetTimestamp();
            if (_leftInOrder && _sweeps.Count == 0) _ending.TrySetResult();
        }
    }

    /// <summary>Ends the silo where nobody has needed it for the grace time; to be called again and again, every second.</summary>
    public void Check()
    {
        lock (_gate)
        {
            var since = time.GetElapsedTime(_checked);
            _checked = time.GetTimestamp();
            if (since >= Grace)
            {
                // This process stood still itself, and could hear nobody: silence counts from now on.
                _needed = _checked;
                foreach (var session in _sessions.Keys.ToList()) _sessions[session] = _checked;
            }
            ForgetSilent();
            if (_sessions.Count > 0 || _sweeps.Count > 0) _needed = time.GetTimestamp();
            else if (forCommands && time.GetElapsedTime(_needed) >= (_hasCome ? Grace : Arrival)) _ending.TrySetResult();
        }
    }

    private void ForgetSilent()
    {
        foreach (var (session, heard) in _sessions.ToList())
            if (time.GetElapsedTime(heard) >= Expiry) _sessions.Remove(session);
    }
}
