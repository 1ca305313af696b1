using System.Text.Json;
using System.Text.RegularExpressions;

namespace AlpacaCot.Data.Importing;

/// <summary>What is wrong with one row; whoever reads the file knows which row and tells it with the others.</summary>
internal sealed class RowException(string mistake) : Exception(mistake);

/// <summary>Maps one JSON object to conversations, by the fields that it has.</summary>
internal static partial class JsonRow
{
    private static readonly string[] _turnFields = ["conversations", "messages", "conversation"];
    private static readonly string[] _questions = ["instruction", "prompt", "question"];
    private static readonly string[] _answers = ["response", "completion", "output"];

    /// <exception cref="RowException">The row is none of the known forms, or a field is not what it should be.</exception>
    public static IEnumerable<Conversation> Records(JsonElement row, string source, int number)
    {
        var fields = Of(row);
        if (_turnFields.FirstOrDefault(fields.Has) is { } turns) return [Turned(fields, turns, source, number)];
        if (_questions.FirstOrDefault(fields.Has) is { } asked && fields.Has("chosen") && fields.Has("rejected")) return [Preferred(fields, asked, source, number)];
        if (fields.Has("instruction") && fields.Has("output")) return [Alpaca(fields, source, number)];
        if (fields.Has("instruction") && fields.Has("instances")) return Instances(fields, source, number).Select(Conversation.Of);
        if (fields.Has("question") && fields.Has("answer")) return [Conversation.Of(Gsm8k(fields, source, number))];
        if (fields.Has("prompt") && _answers.FirstOrDefault(fields.Has) is { } answer) return [Conversation.Of(new(fields.Text("prompt"), "", fields.Text(answer), null, null, source, number))];
        throw new RowException(
            $"has the fields {string.Join(", ", row.EnumerateObject().Take(8).Select(field => field.Name))}; "
            + "expected instruction, input and output (Alpaca), conversations (ShareGPT), messages (OpenAI), prompt, chosen and rejected (preference pairs) or question and answer (GSM8K)");
    }

    /// <summary>A row's fields.</summary>
    /// <exception cref="RowException">It is no object.</exception>
    public static Fields Of(JsonElement row) => row.ValueKind == JsonValueKind.Object
        ? new Fields(row)
        : throw new RowException($"is {Kind(row)}, expected an object with instruction, input and output");

    /// <summary>Turns with what stands beside them: a system text, tools, a preference pair for the last answer.</summary>
    private static Conversation Turned(Fields row, string name, string source, int number)
    {
        var turns = Turns.Read(row.Value(name), row.TextOrEmpty("system"));
        if (turns.Count == 0) throw new RowException($"{name} has no turns");
        var pair = row.Has("chosen") && row.Has("rejected");
        if (pair) turns.Add(new Turn(TurnRole.Assistant, Said(row, "chosen")) { Learned = true });
        return new Conversation(turns, source, number) { Tools = ToolsOf(row), Rejected = pair ? Said(row, "rejected") : null };
    }

    /// <summary>An answer of a preference pair: a text, or a turn.</summary>
    private static string Said(Fields row, string name) => row.Value(name) is { ValueKind: JsonValueKind.Object } turn
        ? new Fields(turn).Optional("value") ?? new Fields(turn).Text("content")
        : row.Text(name);

    private static Conversation Preferred(Fields row, string asked, string source, int number)
        => Conversation.Of(new InstructionRecord(row.Text(asked), row.TextOrEmpty("input"), Said(row, "chosen"), null, null, source, number)) with { Rejected = Said(row, "rejected") };

    /// <summary>Tools as a text; <c>[]</c> is none.</summary>
    private static string ToolsOf(Fields row)
    {
        if (!row.Has("tools")) return "";
        var tools = row.Value("tools");
        var text = tools.ValueKind switch
        {
            JsonValueKind.String => tools.GetString()!,
            JsonValueKind.Array when tools.GetArrayLength() > 0 => PythonJson.Dump(tools),
            _ => "",
        };
        return text.Trim() is "" or "[]" ? "" : text;
    }

    private static Conversation Alpaca(Fields row, string source, int number)
    {
        var record = new InstructionRecord(row.Text("instruction"), row.TextOrEmpty("input"), row.Text("output"), row.Optional("rationale"), row.Optional("answer"), source, number);
        var conversation = Conversation.Of(record);
        var (system, history) = (row.TextOrEmpty("system"), History(row));
        return system.Length == 0 && history.Count == 0
            ? conversation
            : conversation with { Turns = [.. system.Length == 0 ? [] : new[] { new Turn(TurnRole.System, system) }, .. history, .. conversation.Turns] };
    }

    /// <summary>Earlier turns in pairs of question and answer, which are learnt too.</summary>
    private static List<Turn> History(Fields row)
    {
        if (!row.Has("history") || row.Value("history").ValueKind == JsonValueKind.Null) return [];
        var turns = new List<Turn>();
        foreach (var pair in row.Array("history"))
        {
            if (pair.ValueKind != JsonValueKind.Array || pair.GetArrayLength() != 2) throw new RowException("history is no list of pairs of question and answer");
            turns.Add(new Turn(TurnRole.User, TextOf("history", pair[0])));
            turns.Add(new Turn(TurnRole.Assistant, TextOf("history", pair[1])) { Learned = true });
        }
        return turns;
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

    /// <summary>A text, or the text of a bare number, which some sets write as an answer.</summary>
    /// <exception cref="RowException">It is neither.</exception>
    public static string TextOf(string name, JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Number => value.GetRawText(),
        JsonValueKind.String => value.GetString()!,
        _ => throw new RowException($"{name} is {Kind(value)}, expected a text"),
    };

    /// <summary>The fields of a row by name.</summary>
    internal sealed class Fields(JsonElement row)
    {
        public bool Has(string name) => row.TryGetProperty(name, out _);

        /// <summary>Whether a field is there and not null.</summary>
        public bool Given(string name) => row.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null;

        public JsonElement Value(string name) => row.TryGetProperty(name, out var value) ? value : throw new RowException($"has no {name}");

        public Fields Nested(JsonElement nested) => nested.ValueKind == JsonValueKind.Object
            ? new Fields(nested)
            : throw new RowException($"an instance is {Kind(nested)}, expected an object with input and output");

        public string Text(string name) => TextOf(name, Value(name));

        public string TextOrEmpty(string name) => Optional(name) ?? "";

        public string? Optional(string name) => Given(name) ? TextOf(name, Value(name)) : null;

        public JsonElement.ArrayEnumerator Array(string name) => Value(name) is { ValueKind: JsonValueKind.Array } array
            ? array.EnumerateArray()
            : throw new RowException($"{name} is {Kind(Value(name))}, expected an array");
    }
}
