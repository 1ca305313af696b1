using System.Numerics;

namespace AlpacaCot.Tokenizers.ChatTemplates.Jinja;

/// <summary>What <c>loop</c> is inside a loop.</summary>
internal sealed class LoopState(IReadOnlyList<object?> items, int depth, Func<object?, string>? again) : Members
{
    private object?[]? _last;

    /// <summary>The round, from 0.</summary>
    public int Index { get; set; }

    /// <summary>Renders the loop for other items (<c>recursive</c>).</summary>
    public string Call(CallArguments arguments)
        => again is null ? throw new ChatTemplateException("TypeError", "the loop is not recursive: write recursive in its tag") : again(arguments.Get(0, "iterable"));

    /// <inheritdoc/>
    public override object? Attribute(string name) => name switch
    {
        "index" => (BigInteger)(Index + 1),
        "index0" => (BigInteger)Index,
        "revindex" => (BigInteger)(items.Count - Index),
        "revindex0" => (BigInteger)(items.Count - Index - 1),
        "first" => Index == 0,
        "last" => Index == items.Count - 1,
        "length" => (BigInteger)items.Count,
        "depth" => (BigInteger)depth,
        "depth0" => (BigInteger)(depth - 1),
        "previtem" => Index > 0 ? items[Index - 1] ?? Access.None : new Undefined("there is no previous item"),
        "nextitem" => Index + 1 < items.Count ? items[Index + 1] ?? Access.None : new Undefined("there is no next item"),
        "cycle" => new Function("cycle", arguments => arguments.Positional.Count == 0 ? throw new ChatTemplateException("TypeError", "no items for cycling given")
            : arguments.Positional[Index % arguments.Positional.Count]),
        "changed" => new Function("changed", arguments =>
        {
            object?[] now = [.. arguments.Positional];
            var changed = _last is null || !Python.AreEqual(_last, now);
            _last = now;
            return changed;
        }),
        _ => null,
    };
}

/// <summary>Gives its items in turn: <c>cycler</c>.</summary>
internal sealed class Cycler(IReadOnlyList<object?> items) : Members
{
    private int _at;

    /// <inheritdoc/>
    public override object? Attribute(string name) => name switch
    {
        "next" => new Function("next", _ => items[_at++ % items.Count]),
        "current" => items[_at % items.Count] ?? Access.None,
        "reset" => new Function("reset", _ =>
        {
            _at = 0;
            return null;
        }),
        _ => null,
    };
}
