using System.Globalization;
using System.Text.Json;
using AlpacaCot.Specs.Methods;

namespace AlpacaCot.Specs.Parsing;

/// <summary>Reads the axis <c>peft</c> with the options of each method's definition.</summary>
internal static class PeftParser
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
            LearningRate = reader.Number("learning_rate", 0, 10, above: true),
            When = MatchParser.When(reader),
        };
        // What an unknown method takes is not known either: its keys are not errors on top of the method's own.
        if (method is not null) reader.Finish(method.Options.Select(MethodDefinition.ShortName).Concat(CommonKeys));
        return peft;
    });

    private static MethodDefinition? CheckMethod(string name, SpecMark mark, string path, SpecLog log)
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

    private static SortedDictionary<string, JsonElement> Options(MapReader reader, MethodDefinition method)
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
        foreach (var (key, fix) in method.NotBuilt)
            if (reader.Node(key) is { } node)
                reader.Log.Error(node.Mark, reader.At(key), $"option '{key}' of {method.Name} is not built yet", fix);
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
            OptionKind.Integers => Integers(reader, key, option),
            OptionKind.Choice => reader.Choice(key, option.Choices) switch
            {
                null => null, var word => Scalars.TryFlag(word, out var flag) ? flag : word
            },
            OptionKind.IntegerMap => IntegerMap(reader, key, option),
            _ => throw new InvalidOperationException($"option kind {option.Kind} has no reader"),
        };
        return value is null ? null : JsonSerializer.SerializeToElement(value);
    }

    private static object? Modules(MapReader reader, string key)
    {
        // PEFT writes all-linear as a text and everything else as a list; one name stands for a list of one.
        if (reader.Node(key) is YamlScalar { Value: "all-linear" }) return "all-linear";
        return reader.Texts(key) is { Count: > 0 } names ? names : null;
    }

    private static List<int>? Integers(MapReader reader, string key, MethodOption option)
    {
        var numbers = new List<int>();
        foreach (var (node, path) in reader.Items(key))
            if (node is YamlScalar { Plain: true } scalar && Scalars.TryInteger(scalar.Value, out var n) && n >= option.Min && n <= option.Max)
                numbers.Add((int)n);
            else reader.Log.Error(
                node.Mark, path,
                $"must be a whole number of at least {option.Min.ToString(CultureInfo.InvariantCulture)}, and is {MapReader.Kind(node)}");
        return numbers.Count > 0 ? numbers : null;
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
        return numbers;
    }
}
