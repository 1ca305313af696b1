namespace AlpacaCot.Specs.Parsing;

/// <summary>
/// Reads conditions on axes: <c>when</c>, <c>exclude</c>, <c>include</c>. Whether the names exist is checked once all axes are read.
/// </summary>
internal static class MatchParser
{
    public static AxisMatch? When(MapReader reader)
        => reader.Node("when") is { } node ? Match(node, reader.At("when"), reader.Log) : null;

    public static IReadOnlyList<AxisMatch> List(MapReader top, string key)
        => [.. top.Items(key).Select(item => Match(item.Node, item.Path, top.Log))];

    private static AxisMatch Match(YamlNode node, string path, SpecLog log)
    {
        var reader = new MapReader(node, path, log);
        var values = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        foreach (var axis in AxisMatch.Axes)
            if (reader.Texts(axis) is { } names) values[axis] = names;
        reader.Finish();
        if (values.Count == 0 && node is YamlMap { Entries.Count: 0 })
            log.Error(node.Mark, path, "names no axis", "write for example { model: llama-nano }");
        return new AxisMatch(values);
    }
}
