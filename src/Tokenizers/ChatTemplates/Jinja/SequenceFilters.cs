using System.Numerics;

namespace AlpacaCot.Tokenizers.ChatTemplates.Jinja;

/// <summary>The filters on sequences and mappings.</summary>
internal static partial class Filters
{
    private static void AddSequences()
    {
        _filters["list"] = (v, _) => Python.Iterate(v).ToList();
        _filters["first"] = (v, _) => Python.Iterate(v).Take(1).ToList() is [var item] ? item : new Undefined("No first item, sequence was empty.");
        _filters["last"] = (v, _) => Python.Iterate(v).ToList() is [.., var item] ? item : new Undefined("No last item, sequence was empty.");
        _filters["reverse"] = (v, _) => v is string text ? Access.Slice(text, null, null, (BigInteger)(-1)) : new Generator(Python.Iterate(v).Reverse());
        _filters["join"] = (v, a) => TextMethods.Join(a.Text(0, "d", ""), Attributes(v, a, 1).Select(Python.Text));
        _filters["map"] = Map;
        _filters["select"] = (v, a) => new Generator(Python.Iterate(v).Where(item => Passes(item, a)));
        _filters["reject"] = (v, a) => new Generator(Python.Iterate(v).Where(item => !Passes(item, a)));
        _filters["selectattr"] = (v, a) => new Generator(Python.Iterate(v).Where(item => Passes(Access.Path(item, a.Get(0, "attr")), a.Skip(1))));
        _filters["rejectattr"] = (v, a) => new Generator(Python.Iterate(v).Where(item => !Passes(Access.Path(item, a.Get(0, "attr")), a.Skip(1))));
        _filters["items"] = (v, _) => v is Undefined ? new Generator([]) : v is Mapping mapping ? new Generator(mapping.Pairs) : throw new ChatTemplateException("TypeError", "Can only get item pairs from a mapping.");
        _filters["dictsort"] = Sorted;
        _filters["sort"] = (v, a) => Sort(Python.Iterate(v), a.Flag(0, "reverse"), item => Folded(Path(item, a, 2), a.Flag(1, "case_sensitive")));
        _filters["unique"] = (v, a) => new Generator(Python.Iterate(v).DistinctBy(item => new Key(Folded(Path(item, a, 1), a.Flag(0, "case_sensitive")))));
        _filters["sum"] = (v, a) => Attributes(v, a, 0).Aggregate(a.Get(1, "start", BigInteger.Zero), (sum, item) => Operators.Binary("+", sum, item));
        _filters["max"] = (v, a) => Extreme(v, a, 1);
        _filters["min"] = (v, a) => Extreme(v, a, -1);
        _filters["batch"] = (v, a) => new Generator(Batches([.. Python.Iterate(v)], Math.Max(1, a.Int(0, "linecount") ?? 1), a.Get(1, "fill_with")));
        _filters["slice"] = (v, a) => new Generator(Slices([.. Python.Iterate(v)], Math.Clamp(a.Int(0, "slices") ?? 1, 1, 100_000), a.Get(1, "fill_with")));
        _filters["groupby"] = GroupBy;
    }

    private static Generator Map(object? value, CallArguments arguments)
    {
        if (arguments.Positional.Count == 0 && arguments.Named.TryGetValue("attribute", out var attribute))
            return new Generator(Python.Iterate(value).Select(item => Access.Path(item, attribute, arguments.Named.GetValueOrDefault("default"))));
        var name = arguments.Text(0, "filter", "");
        var filter = Find(name) ?? throw new ChatTemplateException("TemplateRuntimeError", $"No filter named '{name}'.");
        var rest = arguments.Skip(1);
        return new Generator(Python.Iterate(value).Select(item =>
        {
            Rendering.SpendOn(item);
            return filter(item, rest);
        }));
    }

    private static bool Passes(object? item, CallArguments arguments)
    {
        if (arguments.Positional.Count == 0) return Python.Truth(item);
        var name = Python.Text(arguments.Positional[0]);
        var test = Tests.Find(name) ?? throw new ChatTemplateException("TemplateRuntimeError", $"No test named '{name}'.");
        var rest = arguments.Skip(1);
        Rendering.SpendOn(item);
        foreach (var argument in rest.Positional) Rendering.SpendOn(argument);
        return test(item, rest);
    }

    private static object? Path(object? item, CallArguments arguments, int place) => arguments.Get(place, "attribute") is { } attribute ? Access.Path(item, attribute) : item;

    private static IEnumerable<object?> Attributes(object? value, CallArguments arguments, int place) => Python.Iterate(value).Select(item => Path(item, arguments, place));

    // Order without regard to case, unless asked for.
    private static object? Folded(object? value, bool caseSensitive) => value is string text && !caseSensitive ? PythonText.Lower(text) : value;

    private static List<object?> Sort(IEnumerable<object?> items, bool reverse, Func<object?, object?> key)
    {
        var comparer = Comparer<object?>.Create((a, b) => Python.Compare(a, b));
        var keyed = items.Select(item => (Key: key(item), Item: item)).ToList();
        // Each is compared with some others.
        Rendering.SpendItems((long)keyed.Count * (1 + System.Numerics.BitOperations.Log2((uint)keyed.Count)));
        return [.. (reverse ? keyed.OrderByDescending(pair => pair.Key, comparer) : keyed.OrderBy(pair => pair.Key, comparer)).Select(pair => pair.Item)];
    }

    private static object? Sorted(object? value, CallArguments arguments)
    {
        if (value is not Mapping mapping) throw new ChatTemplateException("TypeError", $"'{Python.TypeName(value)}' object has no items to sort");
        var place = arguments.Text(1, "by", "key") switch { "key" => 0, "value" => 1, _ => throw new ChatTemplateException("FilterArgumentError", "You can only sort by either \"key\" or \"value\"") };
        return Sort(mapping.Pairs, arguments.Flag(2, "reverse"), pair => Folded(((object?[])pair!)[place], arguments.Flag(0, "case_sensitive")));
    }

    private static object? Extreme(object? value, CallArguments arguments, int sign)
    {
        var items = Python.Iterate(value).ToList();
        if (items.Count == 0) return new Undefined("No aggregated item, sequence was empty.");
        object? Of(object? item) => Folded(Path(item, arguments, 1), arguments.Flag(0, "case_sensitive"));
        return items.Aggregate((best, item) => sign * Python.Compare(Of(item), Of(best)) > 0 ? item : best);
    }

    private static IEnumerable<object?> Batches(List<object?> items, int size, object? fill)
    {
        foreach (var batch in items.Chunk(size))
            yield return (List<object?>)(fill is null ? [.. batch] : [.. batch, .. Enumerable.Repeat(fill, size - batch.Length)]);
    }

    private static IEnumerable<object?> Slices(List<object?> items, int slices, object? fill)
    {
        var (each, more, at) = (items.Count / slices, items.Count % slices, 0);
        for (var i = 0; i < slices; i++)
        {
            var size = each + (i < more ? 1 : 0);
            List<object?> slice = items.GetRange(at, size);
            if (fill is not null && i >= more) slice.Add(fill);
            at += size;
            yield return slice;
        }
    }

    private static object? GroupBy(object? value, CallArguments arguments)
    {
        var (attribute, otherwise) = (arguments.Get(0, "attribute"), arguments.Get(1, "default"));
        object? Of(object? item) => Access.Path(item, attribute, otherwise);
        var sorted = Sort(Python.Iterate(value), false, item => Folded(Of(item), arguments.Flag(2, "case_sensitive")));
        return sorted.GroupBy(item => new Key(Folded(Of(item), arguments.Flag(2, "case_sensitive")))).Select(group => (object?)new Group(Of(group.First()), [.. group])).ToList();
    }

    /// <summary>Items of one value of an attribute.</summary>
    private sealed class Group(object? grouper, List<object?> items) : Members
    {
        /// <inheritdoc/>
        public override object? Attribute(string name) => name switch { "grouper" => grouper ?? Access.None, "list" => items, _ => null };
    }
}
