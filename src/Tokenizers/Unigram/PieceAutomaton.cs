using System.Numerics;
using System.Runtime.CompilerServices;

namespace AlpacaCot.Tokenizers.Unigram;

/// <summary>
/// Finds every piece of a vocabulary in a text in one pass (Aho and Corasick 1975): after each UTF-16 unit, the pieces that end there, the longest first.
/// A state is the longest end of what was read with which a piece begins. Transitions lie in one hash table, by state and unit; those of the first state by the unit alone.
/// </summary>
internal sealed class PieceAutomaton
{
    /// <summary>No piece.</summary>
    public const int None = -1;

    private readonly (int State, int Longest)[] _begins;
    private readonly Transition[] _transitions;
    private readonly int[] _failures;
    private readonly int[] _shorter;
    private readonly int _shift;

    /// <summary>Builds the automaton of some pieces, which differ from each other and are not empty.</summary>
    public PieceAutomaton(IReadOnlyList<string> pieces)
    {
        var sorted = Enumerable.Range(0, pieces.Count).ToArray();
        Array.Sort(sorted, (a, b) => string.CompareOrdinal(pieces[a], pieces[b]));
        // The states breadth first: state n stands for what the pieces sorted[Begin..End] have in common, their first Depth units.
        var states = new List<State> { new(0, sorted.Length, 0, 0, '\0') };
        for (var state = 0; state < states.Count; state++)
        {
            var (begin, end, depth, _, _) = states[state];
            if (begin < end && pieces[sorted[begin]].Length == depth) begin++;
            while (begin < end)
            {
                var (unit, next) = (pieces[sorted[begin]][depth], begin + 1);
                while (next < end && pieces[sorted[next]][depth] == unit) next++;
                states.Add(new State(begin, next, depth + 1, state, unit));
                begin = next;
            }
        }
        var size = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(2 * states.Count, 2));
        (_transitions, _shift) = (new Transition[size], 64 - BitOperations.Log2((uint)size));
        (_begins, _failures, _shorter) = (new (int, int)[pieces.Count == 0 ? 0 : pieces[sorted[^1]][0] + 1], new int[states.Count], new int[pieces.Count]);
        Array.Fill(_begins, (0, None));
        for (var state = 1; state < states.Count; state++)
        {
            var (_, _, _, parent, unit) = states[state];
            if (parent == 0) _begins[unit] = (state, None);
            else _transitions[Slot(Key(parent, unit))] = new Transition(Key(parent, unit), state, None);
        }
        // What remains when a state has no way on is a shorter state, and is known before it; so is the longest piece with which it ends.
        var (longest, leaf) = (new int[states.Count], new bool[states.Count]);
        longest[0] = None;
        for (var state = 1; state < states.Count; state++)
        {
            var (begin, end, depth, parent, unit) = states[state];
            if (parent != 0)
            {
                var from = _failures[parent];
                while (from != 0 && Find(from, unit).Key == 0) from = _failures[from];
                _failures[state] = from == 0 ? Begin(unit).State : Find(from, unit).State;
            }
            var own = sorted[begin];
            longest[state] = longest[_failures[state]];
            leaf[state] = end == begin + 1 && pieces[own].Length == depth;
            if (pieces[own].Length != depth) continue;
            (_shorter[own], longest[state]) = (longest[state], own);
        }
        // Nothing goes on from a leaf: whoever comes there is at once where it would fail to.
        var after = new int[states.Count];
        for (var state = 1; state < states.Count; state++) after[state] = leaf[state] ? after[_failures[state]] : state;
        for (var i = 0; i < _begins.Length; i++) _begins[i] = (after[_begins[i].State], longest[_begins[i].State]);
        for (var i = 0; i < size; i++)
            if (_transitions[i] is { Key: not 0 } found) _transitions[i] = new Transition(found.Key, after[found.State], longest[found.State]);
        for (var state = 1; state < states.Count; state++) _failures[state] = after[_failures[state]];
    }

    /// <summary>Reads a unit: the longest piece that ends with it, by its place in the list, or <see cref="None"/>.</summary>
    /// <param name="state">The state, 0 before the first unit; replaced by the next one.</param>
    /// <param name="unit">The unit.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Step(ref int state, char unit)
    {
        for (; state != 0; state = _failures[state])
        {
            ref readonly var transition = ref Find(state, unit);
            if (transition.Key == 0) continue;
            state = transition.State;
            return transition.Longest;
        }
        (state, var longest) = Begin(unit);
        return longest;
    }

    /// <summary>The next shorter piece with which a piece ends, or <see cref="None"/>.</summary>
    public int Shorter(int piece) => _shorter[piece];

    private (int State, int Longest) Begin(char unit) => unit < _begins.Length ? _begins[unit] : (0, None);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref readonly Transition Find(int state, char unit) => ref _transitions[Slot(Key(state, unit))];

    // The slot of a key, or the free one where it would be.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int Slot(ulong key)
    {
        var transitions = _transitions;
        var slot = (int)((key * 0x9E3779B97F4A7C15) >> _shift);
        while (transitions[slot].Key != 0 && transitions[slot].Key != key) slot = (slot + 1) & (transitions.Length - 1);
        return slot;
    }

    // A state and one above a unit: no key is 0.
    private static ulong Key(int state, char unit) => ((ulong)(uint)state << 17) + unit + 1;

    private readonly record struct State(int Begin, int End, int Depth, int Parent, char Unit);

    private readonly record struct Transition(ulong Key, int State, int Longest);
}
