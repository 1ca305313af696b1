using System.Text.Json;

namespace AlpacaCot.Specs.Parsing;

/// <summary>Reads the axes <c>seeds</c>, <c>models</c>, <c>data</c> and <c>cot</c>.</summary>
internal static class AxisParser
{
    public static IReadOnlyList<int> Seeds(MapReader top)
    {
        if (!top.Has("seeds"))
        {
            _ = top.Node("seeds");
            return [0];
        }
        var seeds = new List<int>();
        foreach (var (node, path) in top.Items("seeds"))
        {
            if (node is not YamlScalar { Plain: true } scalar || !Scalars.TryInteger(scalar.Value, out var seed) || seed is < 0 or > int.MaxValue)
                top.Log.Error(node.Mark, path, $"a seed must be a whole number from 0 to {int.MaxValue}, and is {MapReader.Kind(node)}");
            else if (seeds.Contains((int)seed)) top.Log.Error(node.Mark, path, $"the seed {seed} is given twice", "every seed must differ");
            else seeds.Add((int)seed);
        }
        return seeds;
    }

    public static IReadOnlyList<ModelSpec> Models(MapReader top) => Values(top, "models", (node, path, names) =>
    {
        if (node is YamlScalar { IsNull: false } scalar)
            return new ModelSpec { Name = names.Made(LastSegment(scalar.Value), "model", node.Mark), Path = scalar.Value };
        var reader = new MapReader(node, path, top.Log);
        var model = new ModelSpec
        {
            Name = "",
            Path = reader.Text("path"),
            Hub = reader.Text("hub"),
            Revision = reader.Text("revision"),
            Load = reader.Choice("load", TrainingSpec.Precisions, LoadsNotBuilt),
            When = MatchParser.When(reader),
        };
        model = model with { Name = Name(reader, names, LastSegment(model.Reference), "model") };
        reader.Finish();
        if (reader.Has("path") == reader.Has("hub"))
            reader.Log.Error(
                reader.Mark, path, reader.Has("path") ? "has both path and hub" : "has neither path nor hub",
                "give one: path: models/llama-nano, or hub: owner/name");
        if (model.Hub is { } hub && hub.Split('/') is not [{ Length: > 0 }, { Length: > 0 }])
            reader.Error("hub", $"'{hub}' is no hub name", "write owner/name");
        if (model is { Revision: not null, Hub: null })
            reader.Error("revision", "only a model from the hub has a revision", "remove it, or give hub: owner/name");
        return model;
    });

    public static IReadOnlyList<DataSpec> Data(MapReader top) => Values(top, "data", (node, path, names) =>
    {
        if (node is YamlScalar { IsNull: false } scalar)
            return new DataSpec { Name = names.Made(LastSegment(scalar.Value), "data", node.Mark), Sources = [Source(node, path, top.Log)] };
        var reader = new MapReader(node, path, top.Log);
        var sources = reader.Items("sources").Select(item => Source(item.Node, item.Path, top.Log)).ToList();
        var data = new DataSpec
        {
            Name = Name(reader, names, string.Join('-', sources.Select(s => LastSegment(s.Reference))), "data"),
            Sources = sources,
            Template = reader.Text("template"),
            Language = reader.Text("language"),
            Cot = reader.Choice("cot", Words.Rationales) ?? RationaleUse.RationaleThenAnswer,
            TrainingCue = CueParser.TrainingCue(reader) ?? TrainingCue.None,
            Match = reader.Choice("match", Words.Matches) ?? DataMatch.None,
            Truncation = reader.Choice("truncation", Words.Truncations) ?? Truncation.Right,
            Learn = reader.Choice("learn", Words.Learned) ?? LearnedTurns.All,
            BadRows = reader.Choice("bad_rows", Words.RowPolicies) ?? BadRows.Refuse,
            When = MatchParser.When(reader),
        };
        reader.Finish();
        if (!reader.Has("sources")) reader.Log.Error(reader.Mark, reader.At("sources"), "this key is missing", "add sources: [alpaca]");
        return data;
    });

    public static IReadOnlyList<CotSpec> Cot(MapReader top)
    {
        if (!top.Has("cot"))
        {
            _ = top.Node("cot");
            return [new CotSpec { Name = "none" }];
        }
        return Values(top, "cot", (node, path, names) =>
        {
            if (node is YamlScalar { IsNull: false } scalar)
                return scalar is { Plain: true, Value: "none" }
                    ? new CotSpec { Name = names.Made("none", "none", node.Mark) }
                    : new CotSpec { Name = names.Made("cue", "cue", node.Mark), Cue = scalar.Value };
            var reader = new MapReader(node, path, top.Log);
            var cue = reader.Text("cue");
            var language = reader.Choice("language", TemplateNames.Languages);
            var cot = new CotSpec { Name = Name(reader, names, language ?? (cue is null ? "none" : "cue"), "cot"), Cue = cue, Language = language, When = MatchParser.When(reader) };
            reader.Finish();
            return cot;
        });
    }

    /// <summary>The values of one axis; a scalar or a mapping alone stands for a list of one.</summary>
    internal static IReadOnlyList<T> Values<T>(MapReader top, string key, Func<YamlNode, string, Names, T> read)
    {
        var items = top.Items(key).ToList();
        // A made name must not take the name that a later value is given.
        var given = items.Select(item => (item.Node as YamlMap)?.Entries.FirstOrDefault(e => e.Key.Value == "name").Value).OfType<YamlScalar>()
            .Select(n => n.Value);
        var names = new Names(top.Log, given);
        return [.. items.Select(item => read(item.Node, item.Path, names))];
    }

    internal static string Name(MapReader reader, Names names, string from, string otherwise)
        => reader.Text("name") is { } given ? names.Given(given, reader.MarkOf("name"), reader.At("name")) : names.Made(from, otherwise, reader.Mark);

    private static SourceSpec Source(YamlNode node, string path, SpecLog log)
    {
        if (node is YamlScalar { IsNull: false } scalar) return SourceSpec.Named(scalar.Value);
        var reader = new MapReader(node, path, log);
        var source = reader.Text("set") is { } set ? SourceSpec.Named(set) : new SourceSpec();
        source = source with
        {
            Path = reader.Text("path") ?? source.Path,
            Goat = GoatParser.Goat(reader) ?? source.Goat,
            Encoding = Encoding(reader),
            Tables = TableParser.Tables(reader),
            Weight = reader.Number("weight", 0, 1e6, above: true) ?? 1,
            Limit = reader.Integer("limit", 1),
            Seed = reader.Integer("seed", 0),
            Language = reader.Text("language"),
            Cot = reader.Choice("cot", Words.Rationales),
            FewShot = reader.Integer("few_shot", 0, SourceSpec.MostFewShot) ?? 0,
            TrainingCue = CueParser.TrainingCue(reader),
            AllowLeakage = reader.Texts("allow_leakage") ?? [],
        };
        CueParser.RefuseAskingCue(reader);
        reader.Finish();
        var given = SourceKinds.Where(reader.Has).ToList();
        if (given.Count != 1)
            log.Error(
                reader.Mark, path, given.Count == 0 ? "has none of set, path and goat" : "has both " + string.Join(" and ", given),
                "give one: set: alpaca, or path: data/rows.jsonl, or goat: { digits: [1, 3] }");
        else if (source is { Language: not null, Set: null })
            reader.Error("language", $"picks a variant of a known set; a {(source.Goat is null ? "path" : "generator")} has none", "remove it");
        else if (source is { Encoding: not null, Goat: not null })
            reader.Error("encoding", "says how files are read; a generator has none", "remove it");
        return source;
    }

    /// <summary>The encoding of a source's files; null where they are in the one that needs no name.</summary>
    internal static string? Encoding(MapReader reader)
    {
        if (reader.Text("encoding") is not { } given) return null;
        if (TextEncodings.Find(given) is { } name) return name == TextEncodings.Default ? null : name;
        reader.Error("encoding", $"'{given}' is not known", Suggestions.For(given, TextEncodings.Names));
        return null;
    }

    private static readonly string[] SourceKinds = ["set", "path", "goat"];

    internal static IReadOnlyDictionary<string, JsonElement> Options(MapReader reader)
    {
        var options = new SortedDictionary<string, JsonElement>(StringComparer.Ordinal);
        if (reader.Node("options") is not { } node) return options;
        if (node is not YamlMap map) reader.Error("options", $"must be a mapping of keys to values, and is {MapReader.Kind(node)}");
        else foreach (var (key, value) in map.Entries) options[key.Value] = Scalars.ToJson(value);
        return options;
    }

    private static string LastSegment(string reference)
    {
        var last = reference.TrimEnd('/').Split('/', '\\')[^1];
        return SourceSpec.DataFileForms.Contains(Path.GetExtension(last), StringComparer.OrdinalIgnoreCase) ? Path.GetFileNameWithoutExtension(last) : last;
    }

    private static readonly Dictionary<string, string> LoadsNotBuilt = new(StringComparer.Ordinal)
    {
        ["fp16"] = "", ["int4"] = "nf4 has four bits too"
    };
}
