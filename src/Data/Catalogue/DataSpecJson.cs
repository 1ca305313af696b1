using System.Globalization;
using System.Text.Json;
using AlpacaCot.Data.Goat;
using AlpacaCot.Data.Templates;

namespace AlpacaCot.Data.Catalogue;

/// <summary>
/// The JSON of a <see cref="DataSpec"/>, key for key what a sweep's YAML holds under <c>data</c>. Reading is strict and reports all mistakes at once.
/// A source has one of <c>set, path, goat</c>, and <c>weight, limit, seed, language, cot, cue</c>; <c>goat</c> holds <c>operations, digits, style, count, noise,
/// paper, split</c>. A source may be a text: the name of a known set, <c>goat</c>, or a path (it has a <c>/</c>, or ends with .json, .jsonl or .tsv).
/// </summary>
public static class DataSpecJson
{
    /// <summary>Reads a spec.</summary>
    /// <exception cref="DatasetException">All mistakes, joined by <c>"; "</c>.</exception>
    public static DataSpec Read(JsonElement json)
    {
        var mistakes = new List<string>();
        var spec = ReadSpec(json, mistakes);
        mistakes.AddRange(Mistakes(spec));
        return mistakes.Count == 0 ? spec : throw new DatasetException(string.Join("; ", mistakes));
    }

    /// <summary>Writes a spec in one fixed form, so that equal specs have equal texts; <see cref="Read"/> gives it back.</summary>
    public static string Write(DataSpec spec)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream)) WriteSpec(json, spec);
        return System.Text.Encoding.UTF8.GetString(stream.ToArray());
    }

    /// <summary>All mistakes in a spec that can be told without reading data.</summary>
    public static IEnumerable<string> Mistakes(DataSpec spec)
    {
        if (spec.Sources.Count == 0) yield return $"data {spec.Name}: names no sources";
        if (PromptTemplates.All.All(template => template.Name != spec.Template))
            yield return $"data {spec.Name}: template {spec.Template}: unknown; known: {string.Join(", ", PromptTemplates.All.Select(t => t.Name))}";
        foreach (var source in spec.Sources)
        {
            var place = $"data {spec.Name}, source {source.Name}";
            if (new object?[] { source.Set, source.Path, source.Goat }.Count(kind => kind is not null) != 1)
                yield return $"{place}: needs exactly one of set, path and goat";
            if (!(source.Weight > 0) || !double.IsFinite(source.Weight)) yield return $"{place}: weight {Text(source.Weight)} must be above 0";
            if (source.Limit is < 1) yield return $"{place}: limit {source.Limit} must be at least 1";
            if (source.Language is not null && source.Set is null) yield return $"{place}: language picks a variant of a known set; a {(source.Goat is null ? "path" : "generator")} has none";
            foreach (var mistake in source.Goat?.Mistakes() ?? []) yield return $"{place}: {mistake}";
        }
    }

    internal static void Require(DataSpec spec)
    {
        if (Mistakes(spec).ToList() is { Count: > 0 } mistakes) throw new DatasetException(string.Join("; ", mistakes));
    }

    private static DataSpec ReadSpec(JsonElement json, List<string> mistakes)
    {
        var keys = new StrictObject(json, "data", mistakes);
        var spec = new DataSpec
        {
            Name = keys.Text("name") ?? "data",
            Sources = [.. keys.Items("sources").Select(source => ReadSource(source, mistakes))],
            Template = keys.Text("template") ?? PromptTemplates.Default,
            Language = keys.Text("language"),
            Cot = ReadCot(keys) ?? RationaleUse.RationaleThenAnswer,
        };
        keys.Close();
        return spec;
    }

    private static DataSource ReadSource(JsonElement json, List<string> mistakes)
    {
        if (json.ValueKind == JsonValueKind.String) return Named(json.GetString()!);
        var keys = new StrictObject(json, "data.sources", mistakes);
        var source = keys.Text("set") is { } set ? Named(set) : new DataSource();
        source = source with
        {
            Path = keys.Text("path") ?? source.Path,
            Goat = keys.Nested("goat") is { } goat ? ReadGoat(goat, mistakes) : source.Goat,
            Weight = keys.Number("weight") ?? 1,
            Limit = keys.Integer("limit"),
            Seed = keys.Long("seed"),
            Language = keys.Text("language"),
            Cot = ReadCot(keys),
            Cue = keys.Text("cue"),
        };
        keys.Close();
        return source;
    }

    private static DataSource Named(string name)
    {
        if (name == GoatGenerator.Name) return new DataSource { Goat = new GoatOptions() };
        var path = name.Contains('/', StringComparison.Ordinal) || Path.GetExtension(name) is ".json" or ".jsonl" or ".tsv";
        return path ? new DataSource { Path = name } : new DataSource { Set = name };
    }

    private static RationaleUse? ReadCot(StrictObject keys) => keys.Choice("cot", _cots);

    private static GoatOptions ReadGoat(JsonElement json, List<string> mistakes)
    {
        var keys = new StrictObject(json, "goat", mistakes);
        var defaults = new GoatOptions();
        var digits = keys.IntegerRange("digits") ?? (defaults.MinDigits, defaults.MaxDigits);
        var options = new GoatOptions
        {
            Operations = keys.Choices("operations", _operations) ?? defaults.Operations,
            MinDigits = digits.Low,
            MaxDigits = digits.High,
            Style = keys.Choice("style", _styles) ?? defaults.Style,
            Count = keys.Integer("count"),
            Noise = keys.Flag("noise") ?? defaults.Noise,
            Paper = keys.Flag("paper") ?? defaults.Paper,
            Split = keys.Choice("split", _splits) ?? defaults.Split,
        };
        keys.Close();
        return options;
    }

    private static readonly (string, GoatOperation)[] _operations =
        [("add", GoatOperation.Add), ("subtract", GoatOperation.Subtract), ("multiply", GoatOperation.Multiply), ("divide", GoatOperation.Divide)];

    private static readonly (string, RationaleUse)[] _cots = [("answer", RationaleUse.Answer), ("rationale", RationaleUse.RationaleThenAnswer)];

    private static readonly (string, GoatStyle)[] _styles = [("goat", GoatStyle.Goat), ("direct", GoatStyle.Direct), ("steps", GoatStyle.Steps)];

    private static readonly (string, GoatSplit)[] _splits = [("train", GoatSplit.Train), ("held_out", GoatSplit.HeldOut)];

    private static void WriteSpec(Utf8JsonWriter json, DataSpec spec)
    {
        json.WriteStartObject();
        json.WriteString("name", spec.Name);
        json.WriteStartArray("sources");
        foreach (var source in spec.Sources) WriteSource(json, source);
        json.WriteEndArray();
        json.WriteString("template", spec.Template);
        if (spec.Language is not null) json.WriteString("language", spec.Language);
        json.WriteString("cot", Cot(spec.Cot));
        json.WriteEndObject();
    }

    private static void WriteSource(Utf8JsonWriter json, DataSource source)
    {
        json.WriteStartObject();
        if (source.Set is not null) json.WriteString("set", source.Set);
        if (source.Path is not null) json.WriteString("path", source.Path);
        if (source.Goat is not null) WriteGoat(json, source.Goat);
        if (source.Weight != 1) json.WriteNumber("weight", source.Weight);
        if (source.Limit is { } limit) json.WriteNumber("limit", limit);
        if (source.Seed is { } seed) json.WriteNumber("seed", seed);
        if (source.Language is not null) json.WriteString("language", source.Language);
        if (source.Cot is { } cot) json.WriteString("cot", Cot(cot));
        if (source.Cue is not null) json.WriteString("cue", source.Cue);
        json.WriteEndObject();
    }

    private static void WriteGoat(Utf8JsonWriter json, GoatOptions goat)
    {
        json.WriteStartObject("goat");
        if (goat.Paper)
        {
            json.WriteBoolean("paper", true);
        }
        else
        {
            json.WriteStartArray("operations");
            foreach (var operation in goat.Operations) json.WriteStringValue(Key(_operations, operation));
            json.WriteEndArray();
            json.WriteStartArray("digits");
            json.WriteNumberValue(goat.MinDigits);
            json.WriteNumberValue(goat.MaxDigits);
            json.WriteEndArray();
        }
        json.WriteString("style", Key(_styles, goat.Style));
        if (goat.Count is { } count) json.WriteNumber("count", count);
        json.WriteBoolean("noise", goat.Noise);
        if (goat.Split != GoatSplit.Train) json.WriteString("split", Key(_splits, goat.Split));
        json.WriteEndObject();
    }

    private static string Cot(RationaleUse use) => Key(_cots, use);

    private static string Key<T>((string Name, T Value)[] names, T value) => names.First(name => EqualityComparer<T>.Default.Equals(name.Value, value)).Name;

    private static string Text(double value) => value.ToString(CultureInfo.InvariantCulture);
}
