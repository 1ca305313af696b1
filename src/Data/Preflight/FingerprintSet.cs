namespace AlpacaCot.Data.Preflight;

/// <summary>
/// Fingerprints of rows that were met: 64 bits each in an open table, which takes half of what a set of the library does. It grows up to a limit; later rows are compared with those that it holds.
/// </summary>
/// <param name="most">Fingerprints that it may hold.</param>
internal sealed class FingerprintSet(int most = FingerprintSet.MostKept)
{
    /// <summary>Rows that are kept, in 256 MB: with them the preparation of a file of any length stays under a gigabyte.</summary>
    public const int MostKept = 3 << 23;

    private ulong[] _slots = new ulong[1 << 12];
    private int _count;

    /// <summary>Whether there were more fingerprints than are kept.</summary>
    public bool IsPartial { get; private set; }

    /// <summary>Adds a fingerprint; false where it was there.</summary>
    public bool Add(ulong fingerprint)
    {
        // Zero stands for an empty slot.
        if (fingerprint == 0) fingerprint = 1;
        var at = Slot(_slots, fingerprint);
        if (_slots[at] == fingerprint) return false;
        if (_count == most)
        {
            IsPartial = true;
            return true;
        }
        _slots[at] = fingerprint;
        if (++_count * 4L > _slots.Length * 3L) Grow();
        return true;
    }

    private static int Slot(ulong[] slots, ulong fingerprint)
    {
        var mask = slots.Length - 1;
        var at = (int)(fingerprint >> 20) & mask;
        while (slots[at] != 0 && slots[at] != fingerprint) at = (at + 1) & mask;
        return at;
    }

    private void Grow()
    {
        var larger = new ulong[_slots.Length * 2];
        foreach (var fingerprint in _slots)
            if (fingerprint != 0) larger[Slot(larger, fingerprint)] = fingerprint;
        _slots = larger;
    }
}
