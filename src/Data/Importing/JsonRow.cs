using System.Text.Json;
using System.Text.RegularExpressions;

namespace AlpacaCot.Data.Importing;

/// <summary>What is wrong with one row; whoever reads the file knows which row and tells it with the others.</summary>
internal sealed class RowException(string mistake) : Exception(mistake);

/// <summary>Maps one JSON object to records, by the fields that it has.</summary>
internal static partial class JsonRow
{
    /// <exception cref="RowException">The row is none of the known forms, or a field is not what it should be.</exception>
    public static IEnumerable<InstructionRecord> Records(JsonElement row, string source, int number)
    {
        if (row.ValueKind != JsonValueKind.Object)
            throw new RowException($"is {Kind(row)}, expected an object with instruction, input and output");
        var fields = new Fields(row);
        if (fields.Has("conversations") || fields.Has("messages"))
            throw new RowException("is a conversation; convert it to instruction, input and output first");
        if (fields.Has("instruction") && fields.Has("output")) return [Alpaca(fields, source, number)];
        if (fields.Has("instruction") && fields.Has("instances")) return Instances(fields, source, number);
        if (fields.Has("question") && fields.Has("answer")) return [Gsm8k(fields, source, number)];
        throw new RowException(
            $"has the fields {string.Join(", ", row.EnumerateObject().Take(8).Select(field => field.Name))}; "
            + "expected instruction, input and output (Alpaca) or question and answer (GSM8K)");
    }

    private static InstructionRecord Alpaca(Fields row, string source, int number)
    {
        row.RefuseIfFilled("history", "a conversation's earlier turns");
        row.RefuseIfFilled("system", "a system text");
        return new(row.Text("instruction"), row.TextOrEmpty("input"), row.Text("output"),
            row.Optional("rationale"), row.Optional("answer"), source, number);
    }

    private static IEnumerable<InstructionRecord> Instances(Fields row, string source, int number)
    {
        foreach (var instance in row.Array("instances"))
        {
            var fields = row.Nested(instance);
            yield return new(row.Text("instruction"), fields.TextOrEmpty("input"), fields.Text("output"), null, null, source, number);
        }
    }

    /// <summary>"working … #### answer", with calculator marks <c>&lt;&lt;48/2=24&gt;&gt;</c> in the working (Cobbe et al. 2021).</summary>
    private static InstructionRecord Gsm8k(Fields row, string source, int number)
    {
        var text = row.Text("answer");
        var mark = text.LastIndexOf(AnswerExtraction.Gsm8kMark, StringComparison.Ordinal);
        if (mark < 0)
        {
            var rationale = row.Optional("rationale");
            return new(row.Text("question"), "", text, rationale, text, source, number);
        }
        var answer = text[(mark + AnswerExtraction.Gsm8kMark.Length)..].Trim();
        var working = CalculatorMark().Replace(text[..mark], "").Trim();
        return new(row.Text("question"), "", answer, working.Length == 0 ? null : working, answer, source, number);
    }

    /// <summary>What a value is, in words.</summary>
    public static string Kind(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Array => "an array",
        JsonValueKind.String => "a text",
        JsonValueKind.Number => "a number",
        JsonValueKind.Null => "null",
        JsonValueKind.Object => "an object",
        _ => "true or false",
    };

    [GeneratedRegex("<<[^<>]*>>")]
    private static partial Regex CalculatorMark();

    private sealed class Fields(JsonElement row)
    {
        public bool Has(string name) => TryGet(name, out _);

        public Fields Nested(JsonElement nested) => nested.ValueKind == JsonValueKind.Object
            ? new Fields(nested)
            : throw new RowException($"an instance is {Kind(nested)}, expected an object with input and output");

        public string Text(string name)
        {
            if (!TryGet(name, out var value)) throw new RowException($"has no {name}");
            return String(name, value);
        }

        public string TextOrEmpty(string name) => Optional(name) ?? "";

        public string? Optional(string name)
            => TryGet(name, out var value) && value.ValueKind != JsonValueKind.Null ? String(name, value) : null;

        public JsonElement.ArrayEnumerator Array(string name) => row.GetProperty(name) is { ValueKind: JsonValueKind.Array } array
            ? array.EnumerateArray()
            : throw new RowException($"{name} is {Kind(row.GetProperty(name))}, expected an array");

        public void RefuseIfFilled(string name, string what)
        {
            if (!TryGet(name, out var value)) return;
            var empty = value.ValueKind switch
            {
                JsonValueKind.Null => true,
                JsonValueKind.Array => value.GetArrayLength() == 0,
                JsonValueKind.String => value.ValueEquals(""),
                _ => false,
            };
            if (!empty) throw new RowException($"has {what} in {name}, which a single-turn record cannot hold");
        }

        private bool TryGet(string name, out JsonElement value) => row.TryGetProperty(name, out value);

        // Some sets write a bare number as an answer; its text is what is meant.
        private static string String(string name, JsonElement value) => value.ValueKind switch
        {
            JsonValueKind.Number => value.GetRawText(),
            JsonValueKind.String => value.GetString()!,
            _ => throw new RowException($"{name} is {Kind(value)}, expected a text"),
        };
    }
}
