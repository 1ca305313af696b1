using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace AlpacaCot.Specs.Parsing;

/// <summary>A node of a YAML document with its place in the text.</summary>
internal abstract record YamlNode(SpecMark Mark);

/// <summary>A scalar; <paramref name="Plain"/> where it was written without quotes, so that it may be a number or a flag.</summary>
internal sealed record YamlScalar(SpecMark Mark, string Value, bool Plain) : YamlNode(Mark)
{
    public bool IsNull => Plain && Value is "" or "~" or "null" or "Null" or "NULL";
}

internal sealed record YamlList(SpecMark Mark, List<YamlNode> Items) : YamlNode(Mark);

internal sealed record YamlMap(SpecMark Mark, List<(YamlScalar Key, YamlNode Value)> Entries) : YamlNode(Mark);

/// <summary>Reads YAML (or JSON, a subset of it) into nodes; one error where the text is no YAML, one for each key given twice.</summary>
internal static class YamlTree
{
    private const int DeepestNesting = 32;

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
            errors.Add(new SpecError((int)e.Start.Line, (int)e.Start.Column, "", "this is no YAML: " + OneLine(e.Message), "mind indentation, colons and quotes"));
            return null;
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or IndexOutOfRangeException)
        {
            // The library's scanner gives up on some damaged texts without a place of its own; the last thing that it understood is the nearest.
            var last = parser.Current?.End ?? Mark.Empty;
            errors.Add(new SpecError((int)last.Line, (int)last.Column, "", "this is no YAML after this place", "mind indentation, colons and quotes"));
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
                return Anchored(start.Anchor, new YamlList(At(start), items), anchors);
            }
            case MappingStart start:
            {
                parser.MoveNext();
                var entries = new List<(YamlScalar, YamlNode)>();
                var seen = new HashSet<string>(StringComparer.Ordinal);
                while (!parser.TryConsume<MappingEnd>(out _))
                {
                    var key = Node(parser, anchors, errors, depth + 1);
                    var value = Node(parser, anchors, errors, depth + 1);
                    if (key is not YamlScalar name) errors.Add(new SpecError(key.Mark.Line, key.Mark.Column, "", "a key must be a word", ""));
                    else if (!seen.Add(name.Value))
                        errors.Add(new SpecError(name.Mark.Line, name.Mark.Column, name.Value, "this key is given twice", "keep one of the two"));
                    else entries.Add((name, value));
                }
                return Anchored(start.Anchor, new YamlMap(At(start), entries), anchors);
            }
            default:
                throw new YamlException(parser.Current!.Start, parser.Current.End, "a value is missing");
        }
    }

    private static YamlNode Anchored(AnchorName anchor, YamlNode node, Dictionary<string, YamlNode> anchors)
    {
        if (!anchor.IsEmpty) anchors[anchor.Value] = node;
        return node;
    }

    private static SpecMark At(ParsingEvent e) => new((int)e.Start.Line, (int)e.Start.Column);

    private static string OneLine(string message) => message.ReplaceLineEndings(" ").TrimEnd('.');
}
