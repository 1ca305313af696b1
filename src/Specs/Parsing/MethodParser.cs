using System.Globalization;
using System.Text.Json;
using AlpacaCot.Specs.Methods;

namespace AlpacaCot.Specs.Parsing;

/// <summary>Reads adapter methods with the options of each method's definition, from the axis <c>peft</c> and from the command line.</summary>
internal static class MethodParser
{
    private static readonly string[] CommonKeys = ["name", "method", "learning_rate", "when"];

    public static IReadOnlyList<MethodSpec> Peft(MapReader top) => AxisParser.Values(top, "peft", (node, path, names) =>
    {
        if (node is YamlScalar { IsNull: false } scalar)
        {
            CheckMethod(scalar.Value, node.Mark, path, top.Log);
            return new MethodSpec { Name = names.Made(scalar.Value, "peft", node.Mark), Method = scalar.Value };
        }
        var reader = new MapReader(node, path, top.Log);
        var methodName = reader.Text("method");
        var method = methodName is null ? null : CheckMethod(methodName, reader.MarkOf("method"), reader.At("method"), top.Log);
        if (!reader.Has("method")) reader.Log.Error(reader.Mark, reader.At("method"), "this key is missing", "add method: lora");
        var options = method is null ? [] : Options(reader, method);
        var made = options.TryGetValue("r", out var rank)
            ? string.Create(CultureInfo.InvariantCulture, $"{methodName}-r{rank}")
            : methodName ?? "peft";
        var peft = new MethodSpec
        {
            Name = AxisParser.Name(reader, names, made, "peft"),
            Method = methodName ?? "",
            Options = options,
            LearningRate = reader.Number("learning_rate", 0, 10),
            When = MatchParser.When(reader),
        };
        // What an unknown method takes is not known either: its keys are not errors on top of the method's own.
        if (method is not null) reader.Finish(method.Options.Select(option => option.ShortName).Concat(CommonKeys));
        return peft;
    });

    /// <summary>The method of a name; an error in the log where there is none.</summary>
    public static MethodDefinition? CheckMethod(string name, SpecMark mark, string path, SpecLog log)
    {
        if (MethodCatalogue.Find(name) is { } method) return method;
        var built = MethodCatalogue.All.Select(m => m.Name).ToList();
        if (MethodCatalogue.NotBuilt.TryGetValue(name.ToLowerInvariant(), out var hint))
            log.Error(
                mark, path, $"PEFT method '{name}' is not built yet{(hint.Length > 0 ? " (" + hint + ")" : "")}",
                "built are " + string.Join(", ", built));
        else log.Error(mark, path, $"PEFT method '{name}' is not known", Suggestions.For(name, built));
        return null;
    }

    /// <summary>The options of a method that a mapping gives.</summary>
    public static SortedDictionary<string, JsonElement> Options(MapReader reader, MethodDefinition method)
    {
        var options = new SortedDictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var option in method.Options)
            foreach (var key in (IEnumerable<string>)[option.Name, .. option.Aliases])
                if (reader.Has(key))
                {
                    if (options.ContainsKey(option.Name))
                        reader.Error(key, $"'{key}' and '{option.Name}' are the same option", "keep one of the two");
                    if (Value(reader, key, option) is { } value) options[option.Name] = value;
                }
        foreach (var unbuilt in method.NotBuilt)
            if (reader.Node(unbuilt.Name) is { } node)
                reader.Log.Error(node.Mark, reader.At(unbuilt.Name), $"option '{unbuilt.Name}' of {method.Name} is not built yet ({unbuilt.Feature})", "leave it out");
        return options;
    }

    private static JsonElement? Value(MapReader reader, string key, MethodOption option)
    {
        object? value = option.Kind switch
        {
            OptionKind.Integer => reader.Integer(key, (int)option.Min, (int)option.Max),
            OptionKind.Number => reader.Number(key, option.Min, option.Max, option.Above),
            OptionKind.Flag => reader.Flag(key),
            OptionKind.Modules => Modules(reader, key),
            OptionKind.Integers => reader.Integers(key, (int)option.Min, (int)option.Max),
            OptionKind.Text => reader.Text(key),
            OptionKind.Texts => reader.Texts(key),
            OptionKind.Choice => Choice(reader, key, option) switch
            {
                null => null, var word => Scalars.TryFlag(word, out var flag) ? flag : word
            },
            OptionKind.IntegerMap => IntegerMap(reader, key, option),
            OptionKind.NumberMap => Patterns(reader, key, reader.Numbers(key, option.Min, option.Max, option.Above)),
            _ => throw new InvalidOperationException($"option kind {option.Kind} has no reader"),
        };
        return value is null ? null : JsonSerializer.SerializeToElement(value);
    }

    private static string? Choice(MapReader reader, string key, MethodOption option)
        => option.NumberedChoice is { } numbered && reader.Node(key) is YamlScalar { Value: { } word } && numbered.Is(word) ? word : reader.Choice(key, option.Choices);

    /// <summary>PEFT writes all-linear and expressions as a text and names as a list; one text stands for a list of one.</summary>
    private static object? Modules(MapReader reader, string key)
    {
        if (reader.Texts(key) is not { Count: > 0 } texts) return null;
        if (texts is [var one])
        {
            if (ModulePattern.IsAllLinear(one)) return ModulePattern.AllLinear;
            if (ModulePattern.IsName(one)) return texts;
            if (ModulePattern.Mistake(one) is not { } mistake) return one;
            reader.Error(key, $"'{one}' is neither a name nor a regular expression of module paths: {mistake}", "write for example .*(q|v)_proj");
            return null;
        }
        if (texts.FirstOrDefault(text => !ModulePattern.IsName(text)) is not { } pattern) return texts;
        reader.Error(
            key, ModulePattern.IsAllLinear(pattern) ? "all-linear stands alone: it is every projection" : $"'{pattern}' is no name; a regular expression stands alone",
            ModulePattern.IsAllLinear(pattern) ? "write targets: all-linear" : "join expressions with |: .*(q_proj|v_proj)");
        return null;
    }

    private static SortedDictionary<string, int>? IntegerMap(MapReader reader, string key, MethodOption option)
    {
        if (reader.Node(key) is not YamlMap map)
        {
            reader.Error(key, "must be a mapping of module names to whole numbers");
            return null;
        }
        var inner = new MapReader(map, reader.At(key), reader.Log);
        var numbers = new SortedDictionary<string, int>(StringComparer.Ordinal);
        foreach (var (name, _) in map.Entries)
            if (inner.Integer(name.Value, (int)option.Min, (int)option.Max) is { } n) numbers[name.Value] = n;
        return Patterns(reader, key, numbers);
    }

    private static SortedDictionary<string, T>? Patterns<T>(MapReader reader, string key, SortedDictionary<string, T>? numbers)
    {
        foreach (var name in numbers?.Keys ?? Enumerable.Empty<string>())
            if (ModulePattern.Mistake(name) is { } mistake) reader.Error(key, $"{UserPattern.Quoted(name)} is no regular expression of module paths: {mistake}");
        return numbers;
    }
}
