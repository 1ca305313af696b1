using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace AlpacaCot.Specs.Parsing;

/// <summary>A node of a YAML document with its place in the text.</summary>
/// <param name="Mark">Its place.</param>
/// <param name="Size">Nodes below it and itself, an alias counted as what it stands for, a long text as several.</param>
internal abstract record YamlNode(SpecMark Mark, long Size);

/// <summary>A scalar; <paramref name="Plain"/> where it was written without quotes, so that it may be a number or a flag.</summary>
internal sealed record YamlScalar(SpecMark Mark, string Value, bool Plain) : YamlNode(Mark, 1 + Value.Length / 64)
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
    private const long MostNodes = 100_000;

    /// <summary>Characters of the largest text: a file's, or what is written of one with every default.</summary>
    private const int LongestText = 4 * SweepDocument.LargestFile;

    /// <summary>Characters of the longest line.</summary>
    private const int LongestLine = 1 << 15;

    /// <summary>YAML's key for the entries of another mapping (yaml.org/type/merge).</summary>
    private const string MergeKey = "<<";

    public static YamlNode? Read(string text, List<SpecError> errors)
    {
        if (text.Length > LongestText)
        {
            errors.Add(new SpecError(0, 0, "", $"the text has more than {LongestText} characters", "split it into several sweeps"));
            return null;
        }
        if (Unread(text) is { } unread)
        {
            errors.Add(unread);
            return null;
        }
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
        catch (TreeException e)
        {
            errors.Add(new SpecError(e.Mark.Line, e.Mark.Column, "", e.Message, ""));
            return null;
        }
        catch (YamlException e)
        {
            errors.Add(Tab(text) ?? new SpecError((int)e.Start.Line, (int)e.Start.Column, "", "this is no YAML: " + Describe(e), "mind indentation, colons and quotes"));
            return null;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // The library's scanner gives up on some damaged texts with whatever its own code happens to throw; the last thing that it understood is the nearest place.
            var last = parser.Current?.End ?? Mark.Empty;
            errors.Add(Tab(text) ?? new SpecError((int)last.Line, (int)last.Column, "", "this is no YAML after this place", "mind indentation, colons and quotes"));
            return null;
        }
    }

    private static YamlNode Node(Parser parser, Dictionary<string, YamlNode> anchors, List<SpecError> errors, int depth)
    {
        if (depth > DeepestNesting) throw new TreeException(At(parser.Current!), $"this is nested deeper than {DeepestNesting} levels");
        switch (parser.Current)
        {
            case Scalar scalar:
                parser.MoveNext();
                if (!IsText(scalar.Value)) throw new TreeException(At(scalar), "this is not valid text: it holds half a surrogate pair");
                return Anchored(scalar.Anchor, new YamlScalar(At(scalar), scalar.Value, scalar.Style == ScalarStyle.Plain), anchors);
            case AnchorAlias alias:
                parser.MoveNext();
                return anchors.TryGetValue(alias.Value.Value, out var known)
                    ? known
                    : throw new TreeException(At(alias), $"no anchor &{alias.Value.Value} comes before this");
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
                throw new TreeException(At(parser.Current!), "a value is missing");
        }
    }

    private static void Merge(YamlScalar key, YamlNode value, List<YamlNode> merged, List<SpecError> errors)
    {
        IEnumerable<YamlNode> maps = value is YamlList list ? list.Items : [value];
        if (maps.All(map => map is YamlMap)) merged.AddRange(maps);
        else errors.Add(new SpecError(key.Mark.Line, key.Mark.Column, MergeKey, $"merges mappings, and is {MapReader.Kind(value)}", "write <<: *name, where &name marks a mapping above"));
    }

    private static YamlNode Small(YamlNode node, ParsingEvent start)
        => node.Size <= MostNodes ? node : throw new TreeException(At(start), $"this has more than {MostNodes} values, aliases counted as what they stand for");

    private static YamlNode Anchored(AnchorName anchor, YamlNode node, Dictionary<string, YamlNode> anchors)
    {
        if (!anchor.IsEmpty) anchors[anchor.Value] = node;
        return node;
    }

    /// <summary>
    /// What the library is not given: it takes the square of a line's length for some lines, directives above all, which no sweep file needs.
    /// </summary>
    private static SpecError? Unread(string text)
    {
        var (line, begins) = (0, true);
        foreach (var row in text.EnumerateLines())
        {
            line++;
            if (row.Length > LongestLine) return new SpecError(line, LongestLine, "", $"this line has more than {LongestLine} characters", "break it into several");
            // Directives stand before a document: at the beginning, or after a line of three dots.
            if (begins && row.StartsWith("%")) return new SpecError(line, 1, "", "a percent sign at a line's beginning is a directive, which a sweep file has none of", "remove the line");
            begins = row.StartsWith("...") || (begins && (row.IsWhiteSpace() || row[0] is '#' or '\uFEFF'));
        }
        return null;
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

    // Parts of the library's messages, which speak of its scanner and not of the file.
    private static readonly (string Said, string Meant)[] _meanings =
    [
        ("Unicode surrogates", "half a surrogate pair stands alone"),
        ("Unicode character escape", "a Unicode escape stands for no character"),
        ("escape", "a backslash stands before a character that it cannot stand before"),
        ("quoted scalar", "a quote is not closed, or something stands behind it"),
        ("flow mapping", "a brace { is not closed, or a comma is missing"),
        ("flow sequence", "a bracket [ is not closed, or a comma is missing"),
        ("invalid mapping", "a colon stands where none can; put the text in quotes"),
        ("mapping values", "a colon stands where none can; put the text in quotes"),
        ("simple key", "a key stands on one line with a colon behind it"),
        ("block mapping", "a key with a colon is expected, at the column of the keys before it"),
        ("block sequence", "a list's item is expected, at the column of the items before it"),
        ("block entries", "a list's item stands where none can"),
        ("block collection", "a list's item is expected, at the column of the items before it"),
        ("block scalar", "the text behind | or > is not indented"),
        ("anchor", "& and * name anchors; put the text in quotes"),
        ("alias", "& and * name anchors; put the text in quotes"),
        ("tag", "an exclamation mark begins a tag; put the text in quotes"),
        ("start any token", "a character stands where none can; put the text in quotes"),
        ("directive", "a percent sign begins a directive; put the text in quotes"),
        ("document start", "something stands behind the end of the document"),
        ("plain scalar", "a text cannot go on like this; put it in quotes"),
    ];

    private static string Describe(YamlException problem)
        => _meanings.FirstOrDefault(meaning => problem.Message.Contains(meaning.Said, StringComparison.OrdinalIgnoreCase)).Meant ?? "it cannot be understood from here on";

    private static bool IsText(string value)
    {
        for (var at = 0; at < value.Length; at++)
            if (char.IsHighSurrogate(value[at]) && at + 1 < value.Length && char.IsLowSurrogate(value[at + 1])) at++;
            else if (char.IsSurrogate(value[at])) return false;
        return true;
    }

    /// <summary>What this reader itself refuses.</summary>
    private sealed class TreeException(SpecMark mark, string message) : Exception(message)
    {
        public SpecMark Mark { get; } = mark;
    }
}
