using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace AlpacaCot.Specs.Parsing;

/// <summary>A node of a YAML document with its place in the text.</summary>
/// <param name="Mark">Its place.</param>
/// <param name="Size">Nodes below it and itself, an alias counted as what it stands for.</param>
internal abstract record YamlNode(SpecMark Mark, long Size);

/// <summary>A scalar; <paramref name="Plain"/> where it was written without quotes, so that it may be a number or a flag.</summary>
internal sealed record YamlScalar(SpecMark Mark, string Value, bool Plain) : YamlNode(Mark, 1)
{
    public bool IsNull => Plain && Value is "" or "~" or "null" or "Null" or "NULL";
}

internal sealed record YamlList(SpecMark Mark, List<YamlNode> Items) : YamlNode(Mark, 1 + Items.Sum(item => item.Size));

internal sealed record YamlMap(SpecMark Mark, List<(YamlScalar Key, YamlNode Value)> Entries) : YamlNode(Mark, 1 + Entries.Sum(entry => entry.Value.Size));

/// <summary>Reads YAML (or JSON, a subset of it) into nodes; one error where the text is no YAML, one for each key given twice.</summary>
internal static class YamlTree
{
    private const int DeepestNesting = 32;

    /// <summary>A file of a few lines can stand for more than memory holds, by aliases of aliases.</summary>
    private const long MostNodes = 1_000_000;

    /// <summary>YAML's key for the entries of another mapping (yaml.org/type/merge).</summary>
    private const string MergeKey = "<<";

    public static YamlNode? Read(string text, List<SpecError> errors)
    {
        var parser = new Parser(new StringReader(text));
        try
        {
            parser.Consume<StreamStart>();
            if (parser.Accept<StreamEnd>(out _)) return null;
            parser.Consume<DocumentStart>();
            var root = Node(parser, new Dictionary<string, YamlNode>(StringComparer.Ordinal), errors, 0);
            parser.Consume<DocumentEnd>();
            if (!parser.Accept<StreamEnd>(out _))
            {
                var second = parser.Current?.Start ?? Mark.Empty;
                errors.Add(new SpecError((int)second.Line, (int)second.Column, "", "a sweep file holds one document, and a second one starts here", "remove the line ---"));
            }
            return root;
        }
        catch (YamlException e)
        {
            errors.Add(Tab(text) ?? new SpecError((int)e.Start.Line, (int)e.Start.Column, "", "this is no YAML: " + OneLine(e.Message), "mind indentation, colons and quotes"));
            return null;
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or IndexOutOfRangeException)
        {
            // The library's scanner gives up on some damaged texts without a place of its own; the last thing that it understood is the nearest.
            var last = parser.Current?.End ?? Mark.Empty;
            errors.Add(Tab(text) ?? new SpecError((int)last.Line, (int)last.Column, "", "this is no YAML after this place", "mind indentation, colons and quotes"));
            return null;
        }
    }

    private static YamlNode Node(Parser parser, Dictionary<string, YamlNode> anchors, List<SpecError> errors, int depth)
    {
        if (depth > DeepestNesting) throw new YamlException(parser.Current!.Start, parser.Current.End, $"nested deeper than {DeepestNesting} levels");
        switch (parser.Current)
        {
            case Scalar scalar:
                parser.MoveNext();
                return Anchored(scalar.Anchor, new YamlScalar(At(scalar), scalar.Value, scalar.Style == ScalarStyle.Plain), anchors);
            case AnchorAlias alias:
                parser.MoveNext();
                return anchors.TryGetValue(alias.Value.Value, out var known)
                    ? known
                    : throw new YamlException(alias.Start, alias.End, $"no anchor &{alias.Value.Value} comes before this");
            case SequenceStart start:
            {
                parser.MoveNext();
                var items = new List<YamlNode>();
                while (!parser.TryConsume<SequenceEnd>(out _)) items.Add(Node(parser, anchors, errors, depth + 1));
                return Anchored(start.Anchor, Small(new YamlList(At(start), items), start), anchors);
            }
            case MappingStart start:
            {
                parser.MoveNext();
                var entries = new List<(YamlScalar, YamlNode)>();
                var merged = new List<YamlNode>();
                var seen = new HashSet<string>(StringComparer.Ordinal);
                while (!parser.TryConsume<MappingEnd>(out _))
                {
                    var key = Node(parser, anchors, errors, depth + 1);
                    var value = Node(parser, anchors, errors, depth + 1);
                    if (key is not YamlScalar name) errors.Add(new SpecError(key.Mark.Line, key.Mark.Column, "", "a key must be a word", ""));
                    else if (!seen.Add(name.Value))
                        errors.Add(new SpecError(name.Mark.Line, name.Mark.Column, name.Value, "this key is given twice", "keep one of the two"));
                    else if (name is { Plain: true, Value: MergeKey }) Merge(name, value, merged, errors);
                    else entries.Add((name, value));
                }
                // A mapping's own keys count before merged ones, and those of the first merged mapping before the second's.
                foreach (var entry in merged.Cast<YamlMap>().SelectMany(map => map.Entries))
                    if (seen.Add(entry.Key.Value)) entries.Add(entry);
                return Anchored(start.Anchor, Small(new YamlMap(At(start), entries), start), anchors);
            }
            default:
                throw new YamlException(parser.Current!.Start, parser.Current.End, "a value is missing");
        }
    }

    private static void Merge(YamlScalar key, YamlNode value, List<YamlNode> merged, List<SpecError> errors)
    {
        IEnumerable<YamlNode> maps = value is YamlList list ? list.Items : [value];
        if (maps.All(map => map is YamlMap)) merged.AddRange(maps);
        else errors.Add(new SpecError(key.Mark.Line, key.Mark.Column, MergeKey, $"merges mappings, and is {MapReader.Kind(value)}", "write <<: *name, where &name marks a mapping above"));
    }

    private static YamlNode Small(YamlNode node, ParsingEvent start)
        => node.Size <= MostNodes ? node : throw new YamlException(start.Start, start.End, $"aliases make more than {MostNodes} values of this");

    private static YamlNode Anchored(AnchorName anchor, YamlNode node, Dictionary<string, YamlNode> anchors)
    {
        if (!anchor.IsEmpty) anchors[anchor.Value] = node;
        return node;
    }

    /// <summary>The first line that is indented with a tab: YAML forbids that, and its readers complain about another line.</summary>
    private static SpecError? Tab(string text)
    {
        var line = 0;
        foreach (var row in text.EnumerateLines())
        {
            line++;
            var column = row.IndexOfAnyExcept(' ');
            if (column >= 0 && row[column] == '\t' && !row[column..].IsWhiteSpace())
                return new SpecError(line, column + 1, "", "a tab stands in the indentation; YAML is indented with spaces", "replace it by two spaces");
        }
        return null;
    }

    private static SpecMark At(ParsingEvent e) => new((int)e.Start.Line, (int)e.Start.Column);

    private static string OneLine(string message) => message.ReplaceLineEndings(" ").TrimEnd('.');
}
