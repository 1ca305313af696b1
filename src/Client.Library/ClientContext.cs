using AlpacaCot.Files;
using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Client.Library;

/// <summary>What a client works with.</summary>
/// <param name="Home">The platform's home.</param>
/// <param name="Programs">Where the platform's programs lie.</param>
/// <param name="Time">The clock.</param>
internal sealed record ClientContext(HomeLayout Home, PlatformPrograms Programs, TimeProvider Time)
{
    /// <summary>The database of the cluster whose silos do the work; null where the silo of the home does.</summary>
    public string? Cluster { get; init; }

    /// <summary>Who is told how the work goes; null where nobody is.</summary>
    public IClientView? View { get; init; }

    /// <summary>Says that something is held (a worker, a session with a silo) that must end in order, until what it returns is disposed of; null where nobody need know.</summary>
    public Func<IDisposable>? Hold { get; init; }
}

/// <summary>Is told how the work goes.</summary>
internal interface IClientView
{
    /// <summary>Where a worker's job is.</summary>
    void Progress(ProgressEvent progress);

    /// <summary>A line worth knowing.</summary>
    void Say(string line);

    /// <summary>A job has ended, or something else is to be shown: its progress is of no use any more.</summary>
    void EndProgress();
}
