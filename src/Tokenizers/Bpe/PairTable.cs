using System.Numerics;

namespace AlpacaCot.Tokenizers.Bpe;

/// <summary>
/// The merges of a BPE model: (left symbol, right symbol) to (rank, merged symbol). An open-addressing hash table, because this lookup is the
/// innermost step of encoding.
/// </summary>
internal sealed class PairTable
{
    private const ulong Empty = ulong.MaxValue;

    // The merges come with a model, which could choose pairs that all fall into one place; none can foresee where a multiplier of this process puts them.
    private static readonly ulong _multiplier = BitConverter.ToUInt64(System.Security.Cryptography.RandomNumberGenerator.GetBytes(sizeof(ulong))) | 1;

    private ulong[] _keys;
    private (int Rank, int Merged)[] _values;
    private int _count;

    public PairTable(int capacity)
    {
        var size = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(16, capacity * 2));
        _keys = new ulong[size];
        Array.Fill(_keys, Empty);
        _values = new (int, int)[size];
    }

    /// <summary>Sets a merge; the last one for a pair stands.</summary>
    public void Set(int left, int right, int rank, int merged)
    {
        if (_count * 2 >= _keys.Length) Grow();
        var key = Key(left, right);
        var slot = Slot(key);
        if (_keys[slot] == Empty) _count++;
        _keys[slot] = key;
        _values[slot] = (rank, merged);
    }

    /// <summary>The merge of two neighbours; a negative symbol merges with nothing.</summary>
    public bool TryGet(int left, int right, out int rank, out int merged)
    {
        if ((left | right) >= 0)
        {
            var slot = Slot(Key(left, right));
            if (_keys[slot] != Empty)
            {
                (rank, merged) = _values[slot];
                return true;
            }
        }
        rank = int.MaxValue;
        merged = -1;
        return false;
    }

    private static ulong Key(int left, int right) => ((ulong)(uint)left << 32) | (uint)right;

    private int Slot(ulong key)
    {
        var mask = _keys.Length - 1;
        var slot = (int)((key * _multiplier) >> 32) & mask;
        while (_keys[slot] != key && _keys[slot] != Empty) slot = (slot + 1) & mask;
        return slot;
    }

    private void Grow()
    {
        var (keys, values) = (_keys, _values);
        _keys = new ulong[keys.Length * 2];
        Array.Fill(_keys, Empty);
        _values = new (int, int)[keys.Length * 2];
        for (var i = 0; i < keys.Length; i++)
        {
            if (keys[i] == Empty) continue;
            var slot = Slot(keys[i]);
            _keys[slot] = keys[i];
            _values[slot] = values[i];
        }
    }
}
