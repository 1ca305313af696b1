using System.Numerics;

namespace AlpacaCot.Tokenizers.ChatTemplates.Jinja;

/// <summary>
/// A name, key or attribute that is not there: empty, false, and an error where it is used for more. None is null; numbers are <see cref="BigInteger"/> and
/// <see cref="double"/>; lists are <c>List&lt;object?&gt;</c>, tuples <c>object?[]</c>.
/// </summary>
/// <param name="Message">What to say where it is used.</param>
/// <param name="Type">The kind of error.</param>
internal sealed record Undefined(string Message, string Type = "UndefinedError")
{
    /// <summary>The error of a use that it does not allow.</summary>
    public ChatTemplateException Error() => new(Type, Message);
}

/// <summary>What a call gives to a function.</summary>
internal sealed record CallArguments(IReadOnlyList<object?> Positional, IReadOnlyDictionary<string, object?> Named)
{
    /// <summary>The argument of a name or place, or a default.</summary>
    public object? Get(int place, string name, object? otherwise = null)
        => place >= 0 && place < Positional.Count ? Positional[place] : Named.TryGetValue(name, out var value) ? value : otherwise;

    /// <summary>A truth value.</summary>
    public bool Flag(int place, string name, bool otherwise = false) => Get(place, name) is { } value ? Python.Truth(value) : otherwise;

    /// <summary>A text.</summary>
    public string Text(int place, string name, string otherwise) => Get(place, name) is { } value ? Python.Text(value) : otherwise;

    /// <summary>A whole number, or null.</summary>
    public int? Int(int place, string name) => Get(place, name) is { } value ? Python.Index(value) : null;

    /// <summary>The arguments behind the first ones.</summary>
    public CallArguments Skip(int count) => new([.. Positional.Skip(count)], Named);
}

/// <summary>Something that can be called.</summary>
internal sealed record Function(string Name, Func<CallArguments, object?> Call);

/// <summary>What <c>map</c>, <c>select</c> and the like give: read once, in order.</summary>
internal sealed record Generator(IEnumerable<object?> Items);

/// <summary>The numbers of <c>range</c>.</summary>
internal sealed record NumberRange(long Start, long Stop, long Step)
{
    /// <summary>How many there are.</summary>
    public long Count => Step > 0 ? Math.Max(0, (Stop - Start + Step - 1) / Step) : Math.Max(0, (Start - Stop - Step - 1) / -Step);

    /// <summary>The numbers.</summary>
    public IEnumerable<object?> Items
    {
        get
        {
            for (var (i, n) = (0L, Count); i < n; i++) yield return (BigInteger)(Start + i * Step);
        }
    }
}

/// <summary>An object with a name that templates can set attributes of.</summary>
internal sealed record Namespace(Mapping Attributes);

/// <summary>Something with attributes of its own: <c>loop</c>, <c>cycler</c>.</summary>
internal abstract class Members
{
    /// <summary>An attribute, or null where there is none of the name.</summary>
    public abstract object? Attribute(string name);
}

/// <summary>A key as Python compares keys: 1, 1.0 and true are one.</summary>
internal readonly struct Key(object? value) : IEquatable<Key>
{
    /// <summary>The value.</summary>
    public object? Value { get; } = value;

    public bool Equals(Key other) => Python.AreEqual(Value, other.Value);

    public override bool Equals(object? obj) => obj is Key other && Equals(other);

    public override int GetHashCode() => Value switch
    {
        null => 0,
        bool flag => ((BigInteger)(flag ? 1 : 0)).GetHashCode(),
        double number when Math.Floor(number) == number && !double.IsInfinity(number) => new BigInteger(number).GetHashCode(),
        object?[] items => items.Aggregate(17, (hash, item) => HashCode.Combine(hash, new Key(item))),
        List<object?> or Mapping => throw new ChatTemplateException("TypeError", $"unhashable type: '{Python.TypeName(Value)}'"),
        var other => other.GetHashCode(),
    };
}

/// <summary>A mapping that keeps the order of its keys.</summary>
internal sealed class Mapping : OrderedDictionary<Key, object?>
{
    /// <summary>The value of a key; false where there is none.</summary>
    public bool TryFind(object? key, out object? value) => TryGetValue(new Key(key), out value);

    /// <summary>Sets the value of a key, which keeps its place.</summary>
    public void Set(object? key, object? value) => this[new Key(key)] = value;

    /// <summary>Makes a mapping of named values.</summary>
    public static Mapping Of(IEnumerable<KeyValuePair<string, object?>> entries)
    {
        var mapping = new Mapping();
        foreach (var (key, value) in entries) mapping.Set(key, value);
        return mapping;
    }

    /// <summary>The same entries apart.</summary>
    public Mapping Copy()
    {
        var copy = new Mapping();
        foreach (var (key, value) in this) copy.Add(key, value);
        return copy;
    }

    /// <summary>The pairs, as tuples.</summary>
    public IEnumerable<object?> Pairs => this.Select(entry => (object?)new[] { entry.Key.Value, entry.Value });
}
