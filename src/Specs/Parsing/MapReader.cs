using System.Globalization;

namespace AlpacaCot.Specs.Parsing;

/// <summary>What a parse has found so far: errors, and where each path of the document stands.</summary>
internal sealed class SpecLog
{
    public List<SpecError> Errors { get; } = [];
    public Dictionary<string, SpecMark> Marks { get; } = new(StringComparer.Ordinal);

    public void Error(SpecMark mark, string path, string message, string fix = "")
        => Errors.Add(new SpecError(mark.Line, mark.Column, path, message, fix));

    public void Advice(SpecMark mark, string path, string message, string fix = "")
        => Errors.Add(new SpecError(mark.Line, mark.Column, path, message, fix, SpecSeverity.Advice));
}

/// <summary>Reads the keys of one mapping strictly: a wrong type or range is an error in the log, as is every key that nobody asked for.</summary>
internal sealed class MapReader
{
    private readonly Dictionary<string, (YamlScalar Key, YamlNode Value)> _entries = new(StringComparer.Ordinal);
    private readonly List<string> _asked = [];

    /// <summary>Most items of one list; a sweep has at most 20,000 trials.</summary>
    private const int MostItems = 10_000;

    public MapReader(YamlNode? node, string path, SpecLog log)
    {
        Path = path;
        Log = log;
        Mark = node?.Mark ?? default;
        if (node is not null) log.Marks[path] = node.Mark;
        switch (node)
        {
            case null or YamlScalar { IsNull: true }: break;
            case YamlMap map:
                foreach (var entry in map.Entries)
                {
                    _entries[entry.Key.Value] = entry;
                    log.Marks[At(entry.Key.Value)] = entry.Key.Mark;
                }
                break;
            default: log.Error(
                node.Mark, path, $"must be a mapping of keys to values, and is {Kind(node)}", "write key: value lines, indented"); break;
        }
    }

    public string Path { get; }
    public SpecLog Log { get; }
    public SpecMark Mark { get; }

    public IReadOnlyCollection<string> Keys => _entries.Keys;

    public bool Has(string key) => _entries.TryGetValue(key, out var entry) && entry.Value is not YamlScalar { IsNull: true };

    public SpecMark MarkOf(string key) => _entries.TryGetValue(key, out var entry) ? entry.Value.Mark : Mark;

    public string At(string key) => Path.Length == 0 ? key : Path + "." + key;

    public void Error(string key, string message, string fix = "") => Log.Error(MarkOf(key), At(key), message, fix);

    /// <summary>The node under a key; null where the key is absent or empty.</summary>
    public YamlNode? Node(string key)
    {
        _asked.Add(key);
        return Has(key) ? _entries[key].Value : null;
    }

    public MapReader Map(string key) => new(Node(key), At(key), Log);

    public string? Text(string key)
    {
        switch (Node(key))
        {
            case null: return null;
            case YamlScalar { Value.Length: > 0 } scalar: return scalar.Value;
            case YamlScalar: Error(key, "must not be empty"); return null;
            case var other: Error(key, $"must be a text, and is {Kind(other)}"); return null;
        }
    }

    public string? Choice(string key, IReadOnlyList<string> built, IReadOnlyDictionary<string, string>? notBuilt = null)
    {
        if (Text(key) is not { } word) return null;
        if (built.Contains(word, StringComparer.Ordinal)) return word;
        if (notBuilt is not null && notBuilt.TryGetValue(word, out var reason))
            Error(key, $"'{word}' is not built yet{(reason.Length > 0 ? " (" + reason + ")" : "")}", "built are " + string.Join(", ", built));
        else Error(key, $"'{word}' is not known", Suggestions.For(word, built));
        return null;
    }

    /// <summary>A word that stands for a value.</summary>
    public T? Choice<T>(string key, IReadOnlyList<(string Word, T Value)> words) where T : struct, Enum
        => Choice(key, [.. words.Select(w => w.Word)]) is { } word ? words.First(w => w.Word == word).Value : null;

    /// <summary>Words that stand for values, each once.</summary>
    public IReadOnlyList<T>? Choices<T>(string key, IReadOnlyList<(string Word, T Value)> words) where T : struct, Enum
    {
        if (Texts(key) is not { } given) return null;
        var values = new List<T>();
        for (var i = 0; i < given.Count; i++)
            if (words.Where(w => w.Word == given[i]).Select(w => (T?)w.Value).FirstOrDefault() is { } value) values.Add(value);
            else Log.Error(MarkOf(key), At(key), $"'{given[i]}' is not known", Suggestions.For(given[i], words.Select(w => w.Word)));
        return [.. values.Distinct()];
    }

    /// <summary>Whole numbers in a range; one number stands for a list of one. Null where there are none.</summary>
    public IReadOnlyList<int>? Integers(string key, int min, int max = int.MaxValue)
    {
        var numbers = new List<int>();
        foreach (var (node, path) in Items(key))
            if (node is YamlScalar { Plain: true } scalar && Scalars.TryInteger(scalar.Value, out var n) && n >= min && n <= max) numbers.Add((int)n);
            else Log.Error(node.Mark, path, $"must be a whole number {(max == int.MaxValue ? $"of at least {min}" : $"from {min} to {max}")}, and is {Kind(node)}");
        return numbers.Count > 0 ? numbers : null;
    }

    /// <summary>A mapping of names to numbers; null where there is none.</summary>
    public SortedDictionary<string, double>? Numbers(string key, double min, double max, bool above = false)
    {
        if (Node(key) is not { } node) return null;
        var inner = new MapReader(node, At(key), Log);
        var numbers = new SortedDictionary<string, double>(StringComparer.Ordinal);
        foreach (var name in inner._entries.Keys.ToList())
            if (inner.Number(name, min, max, above) is { } number) numbers[name] = number;
        return numbers;
    }

    public int? Integer(string key, int min, int max = int.MaxValue)
    {
        if (Node(key) is not { } node) return null;
        if (node is not YamlScalar { Plain: true } scalar || !Scalars.TryInteger(scalar.Value, out var value))
        {
            Error(key, $"must be a whole number, and is {Kind(node)}", Unquote(node));
            return null;
        }
        if (value >= min && value <= max) return (int)value;
        Error(key, max == int.MaxValue ? $"must be at least {min}, and is {value}" : $"must be from {min} to {max}, and is {value}");
        return null;
    }

    /// <summary>A number in a range; <paramref name="above"/> excludes the lower end.</summary>
    public double? Number(string key, double min, double max, bool above = false)
    {
        if (Node(key) is not { } node) return null;
        if (node is not YamlScalar { Plain: true } scalar || !Scalars.TryNumber(scalar.Value, out var value))
        {
            Error(key, $"must be a number, and is {Kind(node)}", Unquote(node));
            return null;
        }
        if (value <= max && (above ? value > min : value >= min)) return value;
        Error(
            key,
            string.Create(
                CultureInfo.InvariantCulture,
                $"must be {(above ? "above" : "at least")} {min}{(max < double.MaxValue ? string.Create(CultureInfo.InvariantCulture, $" and at most {max}") : "")}, and is {scalar.Value}"));
        return null;
    }

    public bool? Flag(string key)
    {
        if (Node(key) is not { } node) return null;
        if (node is YamlScalar { Plain: true } scalar && Scalars.TryFlag(scalar.Value, out var value)) return value;
        Error(key, $"must be true or false, and is {Kind(node)}");
        return null;
    }

    /// <summary>The items under a key with their paths; a value that is no list stands for a list of one.</summary>
    public IEnumerable<(YamlNode Node, string Path)> Items(string key)
    {
        var node = Node(key);
        if (node is null) return [];
        if (node is not YamlList list)
        {
            Log.Marks.TryAdd(At(key) + "[0]", node.Mark);
            return [(node, At(key) + "[0]")];
        }
        if (list.Items.Count > MostItems)
        {
            Error(key, $"has {list.Items.Count} items, more than {MostItems}", "split it into several sweeps");
            return [];
        }
        if (list.Items.Count == 0) Error(key, "must not be an empty list", $"give at least one value, or remove {key}");
        return list.Items.Select((item, i) => (item, string.Create(CultureInfo.InvariantCulture, $"{At(key)}[{i}]")));
    }

    public IReadOnlyList<string>? Texts(string key)
    {
        if (!Has(key)) { _ = Node(key); return null; }
        var texts = new List<string>();
        foreach (var (node, path) in Items(key))
            if (node is YamlScalar { Value.Length: > 0 } scalar) texts.Add(scalar.Value);
            else Log.Error(node.Mark, path, $"must be a text, and is {Kind(node)}");
        return texts;
    }

    /// <summary>An error for each key that was never asked for.</summary>
    public void Finish(IEnumerable<string>? alsoKnown = null)
    {
        var known = alsoKnown is null ? _asked : [.. _asked, .. alsoKnown];
        foreach (var (key, entry) in _entries)
            if (!_asked.Contains(key, StringComparer.Ordinal))
                Log.Error(entry.Key.Mark, At(key), "unknown key", Suggestions.For(key, known.Distinct(StringComparer.Ordinal)));
    }

    public static string Kind(YamlNode node) => node switch
    {
        YamlMap => "a mapping",
        YamlList => "a list",
        YamlScalar { IsNull: true } => "nothing",
        YamlScalar { Plain: false } text => $"the text \"{Short(text.Value)}\"",
        YamlScalar text => $"'{Short(text.Value)}'",
        _ => "something else",
    };

    private static string Short(string text) => (text.Length > 40 ? text[..40] + "…" : text).ReplaceLineEndings(" ");

    private static string Unquote(YamlNode node)
        => node is YamlScalar { Plain: false } text && Scalars.TryNumber(text.Value, out _) ? $"write {text.Value} without quotes" : "";
}
