using System.Numerics;

namespace AlpacaCot.Tokenizers.ChatTemplates.Jinja;

/// <summary>Attributes, items, slices and calls, as Jinja's immutable sandbox allows them.</summary>
internal static class Access
{
    /// <summary>Stands for none where null means that there is no such attribute.</summary>
    public static object None { get; } = new();

    private static readonly Dictionary<string, string[]> _refused = new()
    {
        ["list"] = ["append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort"],
        ["dict"] = ["clear", "pop", "popitem", "setdefault", "update"],
    };

    /// <summary><c>value.name</c>: the attribute, else the key.</summary>
    public static object? Attribute(object? value, string name)
    {
        if (value is Undefined missing) throw missing.Error();
        if (name.StartsWith('_') || (_refused.TryGetValue(Python.TypeName(value), out var refused) && refused.Contains(name)))
            return new Undefined($"access to attribute '{name}' of '{Python.TypeName(value)}' object is unsafe.", "SecurityError");
        if (Member(value, name) is { } member) return ReferenceEquals(member, None) ? null : member;
        return value is Mapping mapping && mapping.TryFind(name, out var item) ? item : NoAttribute(value, name);
    }

    /// <summary><c>value[key]</c>: the item, else the attribute.</summary>
    public static object? Item(object? value, object? key)
    {
        switch (value)
        {
            case Undefined missing: throw missing.Error();
            case Mapping mapping when key is not (List<object?> or Mapping) && mapping.TryFind(key, out var item): return item;
            case Namespace space when key is string name && space.Attributes.TryFind(name, out var item): return item;
            case List<object?> or object?[] or string or NumberRange when Python.Number(key) is BigInteger index: return At(value, index);
        }
        if (key is string attribute) return Attribute(value, attribute);
        return new Undefined($"'{Python.TypeName(value)} object' has no attribute {(key is Undefined ? "Undefined" : Python.Repr(key))}");
    }

    /// <summary><c>value[start:stop:step]</c>.</summary>
    public static object? Slice(object? value, object? start, object? stop, object? step)
    {
        if (value is Undefined missing) throw missing.Error();
        var by = step is null ? 1 : Python.Index(step);
        if (value is not string) Rendering.SpendItems(Python.Length(value));
        if (by == 0) throw new ChatTemplateException("ValueError", "slice step cannot be zero");
        List<object?> items = value switch
        {
            string text => [.. Python.Iterate(text)],
            List<object?> list => list,
            object?[] tuple => [.. tuple],
            NumberRange range => [.. range.Items],
            _ => throw new ChatTemplateException("TypeError", $"'{Python.TypeName(value)}' object is not subscriptable by a slice"),
        };
        long Bound(object? bound, long otherwise)
        {
            if (bound is null) return otherwise;
            long n = Python.Index(bound);
            if (n < 0) n += items.Count;
            return by > 0 ? Math.Clamp(n, 0, items.Count) : Math.Clamp(n, -1, items.Count - 1);
        }

        var taken = new List<object?>();
        var (from, to) = (Bound(start, by > 0 ? 0 : items.Count - 1), Bound(stop, by > 0 ? items.Count : -1));
        for (var i = from; by > 0 ? i < to : i > to; i += by) taken.Add(items[(int)i]);
        return value switch { string => string.Concat(taken.Cast<string>()), object?[] => taken.ToArray(), _ => taken };
    }

    /// <summary><c>value(…)</c>.</summary>
    public static object? Call(object? value, CallArguments arguments) => value switch
    {
        Undefined missing => throw missing.Error(),
        Function function => function.Call(arguments),
        LoopState loop => loop.Call(arguments),
        _ => throw new ChatTemplateException("TypeError", $"'{Python.TypeName(value)}' object is not callable"),
    };

    /// <summary>What a filter's <c>attribute</c> names: parts parted by points, numbers are places.</summary>
    public static object? Path(object? value, object? attribute, object? otherwise = null)
    {
        IEnumerable<object?> parts = attribute is string path
            ? path.Split('.').Select(part => part.Length > 0 && part.All(char.IsAsciiDigit) ? (object?)BigInteger.Parse(part, System.Globalization.CultureInfo.InvariantCulture) : part) : [attribute];
        foreach (var part in parts)
        {
            value = value is Undefined && otherwise is not null ? otherwise : Item(value, part);
            if (value is Undefined && otherwise is not null) return otherwise;
        }
        return value;
    }

    private static object? At(object value, BigInteger index)
    {
        var count = Python.Length(value);
        var place = index < 0 ? index + count : index;
        if (place < 0 || place >= count) return new Undefined($"{Python.TypeName(value)} object has no element {index}");
        return value switch
        {
            string text => Character(text, (int)place),
            List<object?> items => items[(int)place],
            object?[] items => items[(int)place],
            _ => ((NumberRange)value).Items.ElementAt((int)place),
        };
    }

    private static string Character(string text, int place)
    {
        Rendering.Spend(text.Length);
        return text.EnumerateRunes().ElementAt(place).ToString();
    }

    private static Undefined NoAttribute(object? value, string name)
        => new(value is null ? $"'None' has no attribute '{name}'" : $"'{Python.TypeName(value)} object' has no attribute '{name}'");

    private static Function? Method(string text, string name)
    {
        Rendering.Spend(text.Length);
        return TextMethods.Find(text, name);
    }

    private static object? Member(object? value, string name) => value switch
    {
        Members own => own.Attribute(name),
        Namespace space => space.Attributes.TryFind(name, out var item) ? item ?? None : null,
        string text => Method(text, name),
        Mapping mapping => name switch
        {
            "items" => new Function(name, _ => mapping.Pairs.ToList()),
            "keys" => new Function(name, _ => Python.Iterate(mapping).ToList()),
            "values" => new Function(name, _ => mapping.Values.ToList()),
            "get" => new Function(name, arguments => mapping.TryFind(arguments.Get(0, "key"), out var item) ? item : arguments.Get(1, "default")),
            "copy" => new Function(name, _ => mapping.Copy()),
            _ => null,
        },
        List<object?> list => name == "copy" ? new Function(name, _ => (List<object?>)[.. list]) : Sequence(list, name),
        object?[] tuple => Sequence(tuple, name),
        _ => null,
    };

    private static Function? Sequence(IReadOnlyList<object?> items, string name) => name switch
    {
        "index" => new Function(name, arguments => Enumerable.Range(0, items.Count).FirstOrDefault(i => Python.AreEqual(items[i], arguments.Get(0, "value")), -1) is >= 0 and var at
            ? (BigInteger)at : throw new ChatTemplateException("ValueError", $"{Python.Repr(arguments.Get(0, "value"))} is not in list")),
        "count" => new Function(name, arguments => (BigInteger)items.Count(item => Python.AreEqual(item, arguments.Get(0, "value")))),
        _ => null,
    };
}
