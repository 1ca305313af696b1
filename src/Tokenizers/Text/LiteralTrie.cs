namespace AlpacaCot.Tokenizers.Text;

/// <summary>A set of literal strings, each with a number; finds the longest one at a position. Immutable once built.</summary>
internal sealed class LiteralTrie
{
    private readonly List<Node> _nodes = [new()];
    private readonly bool[] _first = new bool[char.MaxValue + 1];

    /// <summary>Whether the set is empty.</summary>
    public bool IsEmpty => _nodes.Count == 1;

    /// <summary>Adds a string; the last one added stands for equal strings. Empty strings are ignored.</summary>
    public void Add(string literal, int value)
    {
        if (literal.Length == 0) return;
        _first[literal[0]] = true;
        var at = 0;
        foreach (var c in literal)
        {
            if (!_nodes[at].Next.TryGetValue(c, out var next))
            {
                next = _nodes.Count;
                _nodes[at].Next.Add(c, next);
                _nodes.Add(new Node());
            }
            at = next;
        }
        _nodes[at].Value = value;
    }

    /// <summary>The longest string of the set at a position: its length (0: none) and number.</summary>
    public int LongestAt(ReadOnlySpan<char> text, int at, out int value)
    {
        var (longest, node) = (0, 0);
        value = -1;
        if (!_first[text[at]]) return 0;
        for (var i = at; i < text.Length && _nodes[node].Next.TryGetValue(text[i], out node); i++)
            if (_nodes[node].Value >= 0) (longest, value) = (i + 1 - at, _nodes[node].Value);
        return longest;
    }

    /// <summary>The next match at or after a position, leftmost, then longest: where it begins (-1: none), its length and number.</summary>
    public int Find(ReadOnlySpan<char> text, int from, out int length, out int value)
    {
        for (var at = IsEmpty ? text.Length : from; at < text.Length; at++)
        {
            if (!_first[text[at]]) continue;
            length = LongestAt(text, at, out value);
            if (length > 0) return at;
        }
        (length, value) = (0, -1);
        return -1;
    }

    private sealed class Node
    {
        public readonly Dictionary<char, int> Next = [];
        public int Value = -1;
    }
}
