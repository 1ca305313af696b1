using AlpacaCot.Tokenizers.Bpe;

namespace AlpacaCot.Tokenizers.Unigram;

/// <summary>Pieces by their characters, for finding all that begin at a position: a trie whose edges lie in one hash table.</summary>
internal sealed class PieceTrie
{
    private readonly PairTable _edges;
    private readonly List<int> _pieces = [-1];

    public PieceTrie(IEnumerable<(string Text, int Id)> pieces)
    {
        _edges = new PairTable(1 << 12);
        foreach (var (text, id) in pieces)
        {
            var node = 0;
            foreach (var c in text)
            {
                if (!_edges.TryGet(node, c, out _, out var next))
                {
                    next = _pieces.Count;
                    _pieces.Add(-1);
                    _edges.Set(node, c, 0, next);
                }
                node = next;
            }
            if (node != 0 && _pieces[node] < 0) _pieces[node] = id;
        }
    }

    /// <summary>Follows a character from a node (0: the root); false where no piece goes on.</summary>
    /// <param name="node">The node, replaced by the next one.</param>
    /// <param name="c">The character.</param>
    /// <param name="id">The piece that ends there, or -1.</param>
    public bool Step(ref int node, char c, out int id)
    {
        var found = _edges.TryGet(node, c, out _, out node);
        id = found ? _pieces[node] : -1;
        return found;
    }
}
