namespace AlpacaCot.Tokenizers.Bpe;

/// <summary>
/// Remembers the ids of pieces of text that were tokenized before. Bounded: a direct-mapped table of immutable entries, a new entry replaces what
/// its slot held. Safe for concurrent use without locks, because a slot is one reference.
/// </summary>
internal sealed class PieceCache
{
    /// <summary>Longer pieces are not remembered, UTF-16 units.</summary>
    public const int LongestPiece = 48;

    private const int Slots = 1 << 15;
    private readonly Entry?[] _slots = new Entry?[Slots];

    /// <summary>The ids of a piece, if they are remembered.</summary>
    public bool TryGet(ReadOnlySpan<char> piece, int hash, out ReadOnlySpan<int> ids)
    {
        var entry = Volatile.Read(ref _slots[hash & (Slots - 1)]);
        if (entry is not null && entry.Hash == hash && piece.SequenceEqual(entry.Piece))
        {
            ids = entry.Ids;
            return true;
        }
        ids = default;
        return false;
    }

    /// <summary>Remembers a piece.</summary>
    public void Put(ReadOnlySpan<char> piece, int hash, ReadOnlySpan<int> ids)
        => Volatile.Write(ref _slots[hash & (Slots - 1)], new Entry(hash, piece.ToString(), ids.ToArray()));

    /// <summary>A hash of a piece, for <see cref="TryGet"/> and <see cref="Put"/>.</summary>
    public static int Hash(ReadOnlySpan<char> piece)
    {
        var hash = 0xCBF29CE484222325UL ^ (ulong)piece.Length;
        foreach (var c in piece) hash = (hash ^ c) * 0x9E3779B97F4A7C15UL;
        return (int)(hash >> 32) ^ (int)(hash >> 11);
    }

    private sealed record Entry(int Hash, string Piece, int[] Ids);
}
