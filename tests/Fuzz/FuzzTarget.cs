namespace AlpacaCot.Tests.Fuzz;

/// <summary>A reader of what strangers wrote.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Seeds">Sound inputs to begin with.</param>
/// <param name="Words">What the format is made of.</param>
/// <param name="Read">Reads an input; the folder is the target's own.</param>
/// <param name="Refuses">Whether an exception is the format's own.</param>
internal sealed record FuzzTarget(string Name, IReadOnlyList<byte[]> Seeds, IReadOnlyList<string> Words, Action<byte[], string> Read, Func<Exception, bool> Refuses)
{
    /// <summary>Inputs of a long run, so that each reader takes about half a minute and all of them together more than a million.</summary>
    public int LongRun { get; init; } = 20_000;

    /// <inheritdoc/>
    public override string ToString() => Name;
}
