using AlpacaCot.Specs.Parsing;

namespace AlpacaCot.Specs.CommandLine;

/// <summary>
/// Options of a command line as nodes of a sweep file, so that both are read and judged by the same rules. A value in brackets is read as YAML: <c>--rank-pattern "{ q_proj: 4 }"</c>.
/// </summary>
internal sealed class GivenOptions
{
    private readonly SpecLog _log = new();

    public GivenOptions(IReadOnlyDictionary<string, IReadOnlyList<string>> given)
        => Reader = new MapReader(new YamlMap(default, [.. given.Where(option => option.Value.Count > 0).Select(option => (Word(option.Key), Node(option.Value)))]), "", _log);

    /// <summary>Reads the options by their keys.</summary>
    public MapReader Reader { get; }

    /// <summary>What was found, each at the name of its option.</summary>
    public IReadOnlyList<SpecError> Remarks => [.. _log.Errors.Select(remark => remark with { Line = 0, Column = 0, Path = NameAt(remark.Path) })];

    /// <summary>An error at an option.</summary>
    public void Error(string key, string message, string fix = "") => _log.Error(default, key, message, fix);

    /// <summary>A remark on an option that does not stop the command.</summary>
    public void Advice(string key, string message, string fix = "") => _log.Advice(default, key, message, fix);

    private YamlNode Node(IReadOnlyList<string> values) => values is [var one] ? Value(one) : new YamlList(default, [.. values.Select(Value)]);

    private YamlNode Value(string text) => text.StartsWith('{') || text.StartsWith('[') ? YamlTree.Read(text, _log.Errors) ?? Word(text) : Word(text);

    private static YamlScalar Word(string text) => new(default, text, Plain: true);

    private static string NameAt(string path)
    {
        if (path.Length == 0) return path;
        var end = path.IndexOfAny(['.', '[']);
        return CommandOption.NameOf(end < 0 ? path : path[..end]) + (end < 0 ? "" : path[end..]);
    }
}
