namespace AlpacaCot.Tokenizers.Text;

/// <summary>
/// A set of strings, each with a number, as an immutable trie over UTF-16 units. Nodes lie breadth first in flat arrays and a node's children side by
/// side, so that following a text touches little memory.
/// </summary>
internal sealed class CharTrie
{
    private readonly int[] _root = new int[char.MaxValue + 1];
    private readonly char[] _labels;
    private readonly int[] _children;
    private readonly int[] _values;

    /// <summary>Builds the trie; the first of equal strings stands, empty ones are ignored. Numbers are not negative.</summary>
    public CharTrie(IEnumerable<(string Text, int Value)> strings)
    {
        var sorted = strings.Where(item => item.Text.Length > 0).DistinctBy(item => item.Text, StringComparer.Ordinal).ToArray();
        Array.Sort(sorted, (a, b) => string.CompareOrdinal(a.Text, b.Text));
        // Node 0 is the root. The children of node n are _children[n] up to _children[n + 1].
        var (labels, children, values) = (new List<char> { '\0' }, new List<int>(), new List<int> { -1 });
        var ranges = new List<(int Begin, int End, int Depth)> { (0, sorted.Length, 0) };
        for (var node = 0; node < ranges.Count; node++)
        {
            children.Add(labels.Count);
            var (begin, end, depth) = ranges[node];
            if (begin < end && sorted[begin].Text.Length == depth) begin++;
            while (begin < end)
            {
                var (label, next) = (sorted[begin].Text[depth], begin + 1);
                while (next < end && sorted[next].Text[depth] == label) next++;
                labels.Add(label);
                values.Add(sorted[begin].Text.Length == depth + 1 ? sorted[begin].Value : -1);
                ranges.Add((begin, next, depth + 1));
                begin = next;
            }
        }
        children.Add(labels.Count);
        (_labels, _children, _values) = ([.. labels], [.. children], [.. values]);
        for (var child = _children[0]; child < _children[1]; child++) _root[_labels[child]] = child;
    }

    /// <summary>Whether the set is empty.</summary>
    public bool IsEmpty => _labels.Length == 1;

    /// <summary>Follows a character from a node (0: the root); false where no string goes on.</summary>
    /// <param name="node">The node, replaced by the next one.</param>
    /// <param name="c">The character.</param>
    /// <param name="value">The number of the string that ends there, or -1.</param>
    private bool Step(ref int node, char c, out int value)
    {
        if (node == 0) node = _root[c];
        else
        {
            var first = _children[node];
            var at = _labels.AsSpan(first, _children[node + 1] - first).IndexOf(c);
            node = at < 0 ? 0 : first + at;
        }
        value = _values[node];
        return node != 0;
    }

    /// <summary>The longest string of the set at a position: its length (0: none) and number.</summary>
    public int LongestAt(ReadOnlySpan<char> text, int at, out int value)
    {
        var (longest, node) = (0, 0);
        value = -1;
        for (var i = at; i < text.Length && Step(ref node, text[i], out var here);)
        {
            i++;
            if (here >= 0) (longest, value) = (i - at, here);
        }
        return longest;
    }

    /// <summary>The next match at or after a position, leftmost, then longest: where it begins (-1: none), its length and number.</summary>
    public int Find(ReadOnlySpan<char> text, int from, out int length, out int value)
    {
        for (var at = IsEmpty ? text.Length : from; at < text.Length; at++)
        {
            if (_root[text[at]] == 0) continue;
            length = LongestAt(text, at, out value);
            if (length > 0) return at;
        }
        (length, value) = (0, -1);
        return -1;
    }
}
