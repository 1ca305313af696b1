using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Grains.Sweeps;

/// <summary>Where running packs are, for people; nothing of it is stored.</summary>
internal sealed class LivePacks
{
    private readonly Dictionary<string, ProgressEvent> _packs = new(StringComparer.Ordinal);

    /// <summary>Takes the last progress of a pack.</summary>
    public void Take(string pack, ProgressEvent progress) => _packs[pack] = progress;

    /// <summary>The last progress of a pack.</summary>
    public ProgressEvent? Of(string pack) => _packs.GetValueOrDefault(pack);
}
