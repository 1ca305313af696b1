using System.Text.Json;
using System.Text.RegularExpressions;

namespace AlpacaCot.Data.Importing;

/// <summary>Maps one JSON object to records, by the fields that it has.</summary>
internal static partial class JsonRow
{
    public static IEnumerable<InstructionRecord> Records(JsonElement row, string path, string place, string source, int number)
    {
        if (row.ValueKind != JsonValueKind.Object)
            throw new DatasetException($"{path}: {place}: is {Kind(row)}, expected an object with instruction, input and output");
        var fields = new Fields(row, path, place);
        if (fields.Has("conversations") || fields.Has("messages"))
            throw new DatasetException($"{path}: {place}: is a conversation; convert it to instruction, input and output first");
        if (fields.Has("instruction") && fields.Has("output")) return [Alpaca(fields, source, number)];
        if (fields.Has("instruction") && fields.Has("instances")) return Instances(fields, source, number);
        if (fields.Has("question") && fields.Has("answer")) return [Gsm8k(fields, source, number)];
        throw new DatasetException(
            $"{path}: {place}: has the fields {string.Join(", ", row.EnumerateObject().Take(8).Select(Name))}; "
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

    private static string Name(JsonProperty field)
    {
        try
        {
            return field.Name;
        }
        catch (InvalidOperationException)
        {
            return "(one whose name is no valid text)";
        }
    }

    private static string Kind(JsonElement value) => value.ValueKind switch
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

    private sealed class Fields(JsonElement row, string path, string place)
    {
        public bool Has(string name) => TryGet(name, out _);

        public Fields Nested(JsonElement nested) => nested.ValueKind == JsonValueKind.Object
            ? new Fields(nested, path, place)
            : throw new DatasetException($"{path}: {place}: an instance is {Kind(nested)}, expected an object with input and output");

        public string Text(string name)
        {
            if (!TryGet(name, out var value)) throw new DatasetException($"{path}: {place}: has no {name}");
            return String(name, value);
        }

        public string TextOrEmpty(string name) => Optional(name) ?? "";

        public string? Optional(string name)
            => TryGet(name, out var value) && value.ValueKind != JsonValueKind.Null ? String(name, value) : null;

        public JsonElement.ArrayEnumerator Array(string name) => row.GetProperty(name) is { ValueKind: JsonValueKind.Array } array
            ? array.EnumerateArray()
            : throw new DatasetException($"{path}: {place}: {name} is {Kind(row.GetProperty(name))}, expected an array");

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
            if (!empty) throw new DatasetException($"{path}: {place}: has {what} in {name}, which a single-turn record cannot hold");
        }

        private bool TryGet(string name, out JsonElement value)
        {
            try
            {
                return row.TryGetProperty(name, out value);
            }
            catch (InvalidOperationException e)
            {
                // Half a surrogate pair in a name, which the reader meets only when it compares names.
                throw new DatasetException($"{path}: {place}: a field's name is not valid text", e);
            }
        }

        // Some sets write a bare number as an answer; its text is what is meant.
        private string String(string name, JsonElement value)
        {
            if (value.ValueKind == JsonValueKind.Number) return value.GetRawText();
            if (value.ValueKind != JsonValueKind.String) throw new DatasetException($"{path}: {place}: {name} is {Kind(value)}, expected a text");
            try
            {
                return value.GetString()!;
            }
            catch (InvalidOperationException e)
            {
                throw new DatasetException($"{path}: {place}: {name} is not valid UTF-8 text", e);
            }
        }
    }
}
