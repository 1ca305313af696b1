using System.Text.Json;
using System.Text.Json.Nodes;
using AlpacaCot.Specs.Parsing;

namespace AlpacaCot.Specs.CommandLine;

/// <summary>The options of <c>eval</c> and <c>generate</c> that a sweep file has too: how answers are decoded, which suites are asked.</summary>
public static class AskingOptions
{
    private static readonly string[] _flags = ["remove_invalid_values", "renormalize_logits"];

    /// <summary>Options of decoding; it is greedy unless a temperature is given.</summary>
    public static IReadOnlyList<CommandOption> Decoding { get; } =
        [
        .. DecodingParser.Settings.Where(setting => setting.Key != "strategy")
            .Select(setting => new CommandOption(setting.Key, setting.Meaning + Default(setting.Key), DecodingParser.ListKeys.Contains(setting.Key), _flags.Contains(setting.Key)))
    ];

    /// <summary>Options of the suites.</summary>
    public static IReadOnlyList<CommandOption> Suites { get; } =
    [
        new("suite", "Suites to run", Many: true),
        new("suite_options", "Options of the suites: { file: questions.jsonl }"),
        new("limit", "Most items of each suite"),
        new("few_shot", "Examples before each question"),
    ];

    /// <summary>Reads how to decode.</summary>
    /// <param name="given">Key to its values; <c>greedy</c> asks for greedy decoding in so many words.</param>
    /// <param name="remarks">Errors; with one nothing must be asked.</param>
    public static DecodingSpec ReadDecoding(IReadOnlyDictionary<string, IReadOnlyList<string>> given, out IReadOnlyList<SpecError> remarks)
    {
        var options = new GivenOptions(given);
        var reader = options.Reader;
        var sampled = reader.Has("temperature");
        if (reader.Flag("greedy") == true && sampled) options.Error("greedy", "--greedy and --temperature exclude each other", "leave one of them out");
        if (!sampled)
            foreach (var key in DecodingParser.SamplingKeys.Where(reader.Has)) options.Error(key, "has no effect on greedy decoding", "give a --temperature, or leave it out");
        var decoding = DecodingParser.Settings.Where(setting => setting.Key != "strategy").Aggregate(
            new DecodingSpec { Strategy = sampled ? DecodingSpec.Sample : DecodingSpec.Greedy }, (spec, setting) => setting.Read(reader, spec));
        reader.Finish();
        DecodingParser.Check(reader, decoding, "give --num-beams, or leave it out");
        remarks = options.Remarks;
        return decoding;
    }

    /// <summary>The words of a command line that ask for a decoding: <see cref="ReadDecoding"/> reads an equal one back.</summary>
    public static IReadOnlyList<string> WordsOf(DecodingSpec decoding)
    {
        var off = SweepSpecJson.EveryDecodingKey(new DecodingSpec());
        // The number of tokens says how the answers end, and a temperature that they are drawn: both are said also where they are the default.
        return [.. SweepSpecJson.Decoding(decoding).Where(key => key.Key is "max_new_tokens" or "temperature" || !(key.Key == "strategy" || JsonNode.DeepEquals(key.Value, off[key.Key])))
            .SelectMany(key => (IEnumerable<string>)[CommandOption.NameOf(key.Key), .. ValuesOf(key.Value!)])];
    }

    private static IEnumerable<string> ValuesOf(JsonNode value) => value switch
    {
        JsonArray many => many.Select(one => one!.ToString()),
        _ when value.GetValueKind() == JsonValueKind.True => [],
        JsonObject => [value.ToJsonString()],
        _ => [value.ToString()],
    };

    /// <summary>Reads which suites are asked.</summary>
    /// <param name="given">Key to its values.</param>
    /// <param name="remarks">Errors; with one nothing must be asked.</param>
    public static IReadOnlyList<EvaluationSpec> ReadSuites(IReadOnlyDictionary<string, IReadOnlyList<string>> given, out IReadOnlyList<SpecError> remarks)
    {
        var options = new GivenOptions(given);
        var reader = options.Reader;
        var suites = reader.Texts("suite") ?? [];
        if (suites.Count == 0) options.Error("suite", "names no suite", "give one: --suite goat-arithmetic");
        var more = new SortedDictionary<string, JsonElement>(StringComparer.Ordinal);
        if (reader.Node("suite_options") is { } node)
            if (node is YamlMap map) foreach (var (key, value) in map.Entries) more[key.Value] = Scalars.ToJson(value);
            else options.Error("suite_options", $"must be a mapping of keys to values, and is {MapReader.Kind(node)}", "write { file: questions.jsonl }");
        var (limit, fewShot) = (AskingParser.Limit(reader), AskingParser.FewShot(reader));
        reader.Finish();
        remarks = options.Remarks;
        return [.. suites.Select(suite => new EvaluationSpec { Name = suite, Suite = suite, Limit = limit, FewShot = fewShot, Options = more })];
    }

    private static string Default(string key)
        => SweepSpecJson.EveryDecodingKey(new DecodingSpec())[key] is JsonValue value ? $" ({value})" : "";
}
