using System.Text.Json;
using System.Text.Json.Nodes;

namespace AlpacaCot.Tests;

/// <summary>One change of a JSON document that leaves it well-formed.</summary>
/// <param name="At">Which value, in the order of the document; any number, it is taken modulo their count.</param>
/// <param name="Value">What it becomes: one of some values that readers stumble over, nothing at all, or another value of the same document.</param>
public readonly record struct JsonEdit(int At, int Value)
{
    private static readonly string[] _values =
    [
        "null", "true", "0", "-1", "1", "3", "2147483648", "9223372036854775808", "1e308", "0.5", "\"\"", "\"x\"", "\"\\u0000\"", "\"\\ud83d\\ude00\"", "\"(\"", "[]", "{}", "[[]]", "[null]",
        "[\"a\",\"b\"]", "{\"type\":\"x\"}", "[[\"a\",1],[\"a\",2]]", "[1,2,3]",
    ];

    /// <summary>Changes a document.</summary>
    public JsonNode? Apply(JsonNode? root)
    {
        var all = new List<JsonNode>();
        Collect(root, all);
        if (all.Count == 0) return root;
        var node = all[At % all.Count];
        var with = Value % (_values.Length + 4);
        var other = with < _values.Length ? JsonNode.Parse(_values[with]) : with == _values.Length ? null : all[Value / 7 % all.Count].DeepClone();
        switch (node.Parent)
        {
            case JsonObject parent when with == _values.Length:
                parent.Remove(node.GetPropertyName());
                return root;
            case JsonArray parent when with == _values.Length:
                parent.Remove(node);
                return root;
            case null when with == _values.Length:
                return root;
            case null:
                return other;
            default:
                node.ReplaceWith(other);
                return root;
        }
    }

    private static void Collect(JsonNode? node, List<JsonNode> all)
    {
        if (node is null) return;
        all.Add(node);
        if (node is JsonObject entries)
            foreach (var (_, value) in entries) Collect(value, all);
        else if (node is JsonArray items)
            foreach (var value in items) Collect(value, all);
    }
}

/// <summary>A few changes of a JSON document that was valid; it stays JSON, but says something else.</summary>
public sealed record JsonDamage(IReadOnlyList<JsonEdit> Edits)
{
    /// <summary>The changed document.</summary>
    public string Apply(string json) => Edits.Aggregate(JsonNode.Parse(json), (node, edit) => edit.Apply(node))?.ToJsonString() ?? "null";

    /// <inheritdoc/>
    public override string ToString() => JsonSerializer.Serialize(Edits);
}
