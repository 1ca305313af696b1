using System.Buffers;

namespace AlpacaCot.Tokenizers.Bpe;

/// <summary>A symbol on the way from characters to a token: its number (negative: merges with nothing) and its length in the source text.</summary>
internal record struct Symbol(int Id, int Length);

/// <summary>
/// Applies merges: always the neighbouring pair of the lowest rank, the leftmost of equals, until none is left (Sennrich et al. 2016).
/// Short pieces scan their pairs; long ones use a heap over a linked list, O(n log n).
/// </summary>
internal static class PairMerger
{
    private const int ScanLimit = 40;

    /// <summary>Merges in place and returns how many symbols are left.</summary>
    /// <param name="symbols">The symbols; the result stands at its beginning.</param>
    /// <param name="merges">The merges.</param>
    /// <param name="seen">Told of every pair that is looked at and has a merge, in the order in which SentencePiece queues them; null: nobody.</param>
    public static int Merge(Span<Symbol> symbols, PairTable merges, IPairObserver? seen = null)
        => symbols.Length < 2 ? symbols.Length : symbols.Length <= ScanLimit && seen is null ? Scan(symbols, merges) : Heap(symbols, merges, seen);

    private static int Scan(Span<Symbol> symbols, PairTable merges)
    {
        var count = symbols.Length;
        Span<int> ranks = stackalloc int[ScanLimit];
        Span<int> merged = stackalloc int[ScanLimit];
        for (var i = 0; i + 1 < count; i++) merges.TryGet(symbols[i].Id, symbols[i + 1].Id, out ranks[i], out merged[i]);
        while (true)
        {
            var (best, at) = (int.MaxValue, -1);
            for (var i = 0; i + 1 < count; i++)
                if (ranks[i] < best) (best, at) = (ranks[i], i);
            if (at < 0) return count;
            symbols[at] = new Symbol(merged[at], symbols[at].Length + symbols[at + 1].Length);
            symbols[(at + 2)..count].CopyTo(symbols[(at + 1)..]);
            ranks[(at + 1)..(count - 1)].CopyTo(ranks[at..]);
            merged[(at + 1)..(count - 1)].CopyTo(merged[at..]);
            count--;
            if (at > 0) merges.TryGet(symbols[at - 1].Id, symbols[at].Id, out ranks[at - 1], out merged[at - 1]);
            if (at + 1 < count) merges.TryGet(symbols[at].Id, symbols[at + 1].Id, out ranks[at], out merged[at]);
        }
    }

    private static int Heap(Span<Symbol> symbols, PairTable merges, IPairObserver? seen)
    {
        var count = symbols.Length;
        var links = ArrayPool<int>.Shared.Rent(2 * count);
        var previous = links.AsSpan(0, count);
        var next = links.AsSpan(count, count);
        var queue = new RankQueue(count);
        for (var i = 0; i < count; i++) (previous[i], next[i]) = (i - 1, i + 1 < count ? i + 1 : -1);
        for (var i = 0; i + 1 < count; i++) Offer(symbols, i, i + 1, merges, ref queue, seen);
        while (queue.TryPop(out var rank, out var left))
        {
            // Entries are not taken back when a neighbour changes. One is stale if its left symbol is gone or its pair now has another rank.
            var right = symbols[left].Length < 0 ? -1 : next[left];
            if (right < 0 || !merges.TryGet(symbols[left].Id, symbols[right].Id, out var now, out var id) || now != rank) continue;
            symbols[left] = new Symbol(id, symbols[left].Length + symbols[right].Length);
            symbols[right].Length = -1;
            next[left] = next[right];
            if (next[right] >= 0) previous[next[right]] = left;
            if (previous[left] >= 0) Offer(symbols, previous[left], left, merges, ref queue, seen);
            if (next[left] >= 0) Offer(symbols, left, next[left], merges, ref queue, seen);
        }
        var kept = 0;
        for (var i = 0; i >= 0; i = next[i]) symbols[kept++] = symbols[i];
        queue.Return();
        ArrayPool<int>.Shared.Return(links);
        return kept;
    }

    private static void Offer(Span<Symbol> symbols, int left, int right, PairTable merges, ref RankQueue queue, IPairObserver? seen)
    {
        if (!merges.TryGet(symbols[left].Id, symbols[right].Id, out var rank, out var merged)) return;
        seen?.Seen(symbols[left].Id, symbols[right].Id, merged);
        queue.Push(rank, left);
    }
}

/// <summary>Told of pairs that could be merged.</summary>
internal interface IPairObserver
{
    /// <summary>A pair and what it would become.</summary>
    void Seen(int left, int right, int merged);
}

/// <summary>A binary heap of (rank, position), lowest rank first, then leftmost.</summary>
internal struct RankQueue(int capacity)
{
    private ulong[] _items = ArrayPool<ulong>.Shared.Rent(Math.Max(16, 2 * capacity));
    private int _count;

    public void Push(int rank, int position)
    {
        if (_count == _items.Length)
        {
            var larger = ArrayPool<ulong>.Shared.Rent(2 * _count);
            _items.AsSpan(0, _count).CopyTo(larger);
            ArrayPool<ulong>.Shared.Return(_items);
            _items = larger;
        }
        var item = ((ulong)(uint)rank << 32) | (uint)position;
        var at = _count++;
        while (at > 0 && _items[(at - 1) / 2] > item)
        {
            _items[at] = _items[(at - 1) / 2];
            at = (at - 1) / 2;
        }
        _items[at] = item;
    }

    public bool TryPop(out int rank, out int position)
    {
        if (_count == 0)
        {
            (rank, position) = (0, 0);
            return false;
        }
        (rank, position) = ((int)(_items[0] >> 32), (int)(uint)_items[0]);
        var item = _items[--_count];
        var at = 0;
        while (true)
        {
            var child = 2 * at + 1;
            if (child >= _count) break;
            if (child + 1 < _count && _items[child + 1] < _items[child]) child++;
            if (_items[child] >= item) break;
            _items[at] = _items[child];
            at = child;
        }
        _items[at] = item;
        return true;
    }

    public readonly void Return() => ArrayPool<ulong>.Shared.Return(_items);
}
