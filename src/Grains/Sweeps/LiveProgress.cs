using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Grains.Sweeps;

/// <summary>Where running packs are, for people; nothing of it is stored.</summary>
internal sealed class LiveProgress
{
    private readonly Dictionary<string, ProgressEvent> _packs = new(StringComparer.Ordinal);

    /// <summary>Sets the last progress of a pack.</summary>
    public void Set(string pack, ProgressEvent progress) => _packs[pack] = progress;

    /// <summary>The last progress of a pack.</summary>
    public ProgressEvent? Of(string pack) => _packs.GetValueOrDefault(pack);
}
