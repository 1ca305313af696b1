using System.Text.Json;
using AlpacaCot.Data.Catalogue;

namespace AlpacaCot.Data.Importing;

/// <summary>
/// Rows as LLaMA-Factory's converters align them, by the columns and tags that an entry of <c>dataset_info.json</c> names, so that what is trained there is trained here: questions on odd turns and
/// answers on even ones, rows that are otherwise skipped with its warnings, and the system texts that its <c>openai</c> form makes.
/// </summary>
internal sealed class RowAlignment
{
    private const string InvalidRole = "Invalid role tag", InvalidCount = "Invalid message count", Skipping = "Skipping this abnormal example.";
    private const string ShortSystem = "detailed thinking off", LongSystem = "detailed thinking on";

    private readonly DatasetInfoEntry _entry;
    private readonly Func<JsonElement, AlignedRow> _align;

    /// <summary>Makes the alignment of an entry.</summary>
    /// <exception cref="DatasetException">Its form is none.</exception>
    public RowAlignment(DatasetInfoEntry entry)
    {
        _entry = entry;
        _align = entry.Formatting switch
        {
            "alpaca" => Alpaca,
            "sharegpt" => ShareGpt,
            "openai" => OpenAi,
            _ => throw new DatasetException($"data set {entry.Name}: its formatting {entry.Formatting} is unknown; known: alpaca, sharegpt, openai"),
        };
    }

    /// <summary>The columns that rows must have.</summary>
    public IEnumerable<string> Columns => (_entry.Formatting == "alpaca" ? ["prompt", "query", "response", "history"] : (string[])["messages"]).Append("system").Append("tools").Append("chosen").Append("rejected").Append("kto_tag")
        .Select(key => _entry[key]).OfType<string>();

    /// <summary>Aligns one row.</summary>
    /// <exception cref="RowException">The row is no object, or a column holds something else than it should.</exception>
    public AlignedRow Align(JsonElement row) => row.ValueKind == JsonValueKind.Object ? _align(row) : throw new RowException($"is {JsonRow.Kind(row)}, expected an object");

    private AlignedRow Alpaca(JsonElement row)
    {
        var prompt = new List<AlignedTurn>();
        if (Value(row, "history") is { ValueKind: JsonValueKind.Array } history)
            foreach (var pair in history.EnumerateArray())
            {
                if (pair.ValueKind != JsonValueKind.Array || pair.GetArrayLength() != 2) throw new RowException("history is no list of pairs of question and answer");
                prompt.Add(new AlignedTurn("user", JsonRow.TextOf("history", pair[0])));
                prompt.Add(new AlignedTurn("assistant", JsonRow.TextOf("history", pair[1])));
            }
        prompt.Add(new AlignedTurn("user", string.Join('\n', new[] { Text(row, "prompt"), Text(row, "query") }.Where(text => !string.IsNullOrEmpty(text)))));
        List<AlignedTurn> response =
            Value(row, "kto_tag") is { ValueKind: JsonValueKind.True or JsonValueKind.False } liked ? Rated(new AlignedTurn("assistant", Text(row, "response") ?? ""), liked)
            : _entry.Ranking && Text(row, "chosen") is { } chosen && Text(row, "rejected") is { } rejected ? [new("assistant", chosen), new("assistant", rejected)]
            : Text(row, "response") is { } answer ? [new("assistant", answer)] : [];
        return new AlignedRow(prompt, response, Beside(row, "system"), Beside(row, "tools"), []);
    }

    private AlignedRow ShareGpt(JsonElement row)
    {
        var (messages, system) = Messages(row);
        var (aligned, warnings) = (new List<AlignedTurn>(), new List<string>());
        foreach (var message in messages)
        {
            var role = Said(message, "role_tag");
            if (Mapped(role, odd: aligned.Count % 2 == 0) is not { } mapped)
            {
                warnings.Add(InvalidRole);
                break;
            }
            aligned.Add(new AlignedTurn(mapped, Said(message, "content_tag") ?? ""));
        }
        // A row without any turn has nothing wrong among them.
        return Answered(row, aligned, warnings, system, Beside(row, "tools"));
    }

    private AlignedRow OpenAi(JsonElement row)
    {
        var (messages, system) = Messages(row);
        var (aligned, answers) = (new List<AlignedTurn>(), new List<string>());
        foreach (var message in messages)
        {
            var (role, content) = (Said(message, "role_tag"), Said(message, "content_tag") ?? "");
            if (role is not null && (role == _entry["assistant_tag"] || role == _entry["function_tag"]) && message.TryGetProperty("tool_calls", out var calls) && calls.ValueKind == JsonValueKind.Array && calls.GetArrayLength() > 0)
                (role, content) = (_entry["function_tag"], PythonJson.Dump(calls.EnumerateArray().Select(call => call.GetProperty("function"))));
            if (role is not null && role == _entry["observation_tag"])
            {
                answers.Add(content);
                continue;
            }
            if (answers.Count > 0) aligned.Add(new AlignedTurn("observation", string.Join("\n</tool_response>\n<tool_response>\n", answers)));
            answers.Clear();
            aligned.Add(new AlignedTurn(Role(role) ?? "", content));
        }
        var warnings = new List<string>();
        if (aligned.Where((turn, i) => !(i % 2 == 0 ? turn.Role is "user" or "observation" : turn.Role is "assistant" or "function")).Any()) warnings.Add(InvalidRole);
        var tools = Value(row, "tools") is { ValueKind: JsonValueKind.Array or JsonValueKind.Object } given ? PythonJson.Dump(given) : Beside(row, "tools");
        return Answered(row, aligned, warnings, SystemOf(system ?? "", !string.IsNullOrEmpty(tools)), tools);
    }

    private static string SystemOf(string system, bool hasTools) => (system.Length > 0, hasTools) switch
    {
        (false, false) => ShortSystem,
        (false, true) => "",
        (true, true) => system + "\n",
        _ => system.Contains(ShortSystem, StringComparison.Ordinal) || system.Contains(LongSystem, StringComparison.Ordinal) ? system : $"{system}\n{ShortSystem}",
    };

    /// <summary>The turns with the last as the answer, or the row skipped.</summary>
    private AlignedRow Answered(JsonElement row, List<AlignedTurn> aligned, List<string> warnings, string? system, string? tools)
    {
        if (aligned.Count % 2 != (_entry.Ranking ? 1 : 0)) warnings.Add(InvalidCount);
        if (warnings.Count > 0) return new AlignedRow([], [], system, tools, [.. warnings, Skipping]);
        if (aligned.Count == 0) return new AlignedRow([], [], system, tools, []);
        if (Value(row, "kto_tag") is { ValueKind: JsonValueKind.True or JsonValueKind.False } liked) return new AlignedRow(aligned[..^1], Rated(aligned[^1], liked), system, tools, []);
        if (!_entry.Ranking) return new AlignedRow(aligned[..^1], aligned[^1..], system, tools, []);
        if (Value(row, "chosen") is not { ValueKind: JsonValueKind.Object } chosen || Value(row, "rejected") is not { ValueKind: JsonValueKind.Object } rejected) return new AlignedRow(aligned[..^1], aligned[^1..], system, tools, []);
        var pair = new[] { chosen, rejected }.Select(turn => (Role: Mapped(Said(turn, "role_tag"), odd: false), Content: Said(turn, "content_tag") ?? "")).ToList();
        return pair.Exists(turn => turn.Role is null)
            ? new AlignedRow([], [], system, tools, [InvalidRole, Skipping])
            : new AlignedRow(aligned, pair.ConvertAll(turn => new AlignedTurn(turn.Role!, turn.Content)), system, tools, []);
    }

    private static List<AlignedTurn> Rated(AlignedTurn answer, JsonElement liked)
        => liked.GetBoolean() ? [answer, new AlignedTurn("assistant", "")] : [new AlignedTurn("assistant", ""), answer];

    /// <summary>The messages without a system message at their beginning, which is preferred to the column's.</summary>
    private (List<JsonElement> Messages, string? System) Messages(JsonElement row)
    {
        if (Value(row, "messages") is not { ValueKind: JsonValueKind.Array } list) throw new RowException($"{_entry["messages"]} is no array of messages");
        var messages = list.EnumerateArray().ToList();
        return _entry["system_tag"] is { } tag && messages.Count > 0 && Said(messages[0], "role_tag") == tag ? (messages[1..], Said(messages[0], "content_tag")) : (messages, Beside(row, "system"));
    }

    private string? Mapped(string? role, bool odd) => Role(role) is { } mapped && (odd ? mapped is "user" or "observation" : mapped is "assistant" or "function") ? mapped : null;

    private string? Role(string? role)
        => role is null ? null
            : role == _entry["user_tag"] ? "user"
            : role == _entry["assistant_tag"] ? "assistant"
            : role == _entry["observation_tag"] ? "observation"
            : role == _entry["function_tag"] ? "function" : null;

    private string? Said(JsonElement message, string tag)
        => message.ValueKind == JsonValueKind.Object && _entry[tag] is { } name && message.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private JsonElement? Value(JsonElement row, string key) => _entry[key] is { } name && row.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private string? Text(JsonElement row, string key) => Value(row, key) is { } value ? JsonRow.TextOf(_entry[key]!, value) : null;

    /// <summary>A column's text; empty where there is no such column, null where it is null.</summary>
    private string? Beside(JsonElement row, string key) => _entry[key] is null ? "" : Value(row, key) is { ValueKind: JsonValueKind.String } value ? value.GetString() : null;
}
