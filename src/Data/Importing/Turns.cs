using System.Text.Json;

namespace AlpacaCot.Data.Importing;

/// <summary>The names of roles and fields of turns, and conversations made of rows that have them.</summary>
internal static class Turns
{
    private static readonly Dictionary<string, (TurnRole Role, bool IsCall)> _roles = new(StringComparer.OrdinalIgnoreCase)
    {
        ["system"] = (TurnRole.System, false), ["developer"] = (TurnRole.System, false),
        ["user"] = (TurnRole.User, false), ["human"] = (TurnRole.User, false), ["prompter"] = (TurnRole.User, false), ["问"] = (TurnRole.User, false),
        ["assistant"] = (TurnRole.Assistant, false), ["gpt"] = (TurnRole.Assistant, false), ["chatgpt"] = (TurnRole.Assistant, false), ["bing"] = (TurnRole.Assistant, false),
        ["bard"] = (TurnRole.Assistant, false), ["bot"] = (TurnRole.Assistant, false), ["model"] = (TurnRole.Assistant, false), ["答"] = (TurnRole.Assistant, false),
        ["function_call"] = (TurnRole.Assistant, true), ["tool_call"] = (TurnRole.Assistant, true),
        ["tool"] = (TurnRole.Tool, false), ["observation"] = (TurnRole.Tool, false), ["function"] = (TurnRole.Tool, false), ["function_response"] = (TurnRole.Tool, false), ["tool_response"] = (TurnRole.Tool, false),
    };

    /// <summary>Reads the turns of ShareGPT's <c>conversations</c> (<c>from, value</c>) or OpenAI's <c>messages</c> (<c>role, content</c>).</summary>
    /// <param name="list">The list of turns.</param>
    /// <param name="system">A system text that stands beside them; one among them comes first.</param>
    /// <exception cref="RowException">A turn has no role, an unknown one, or no text.</exception>
    public static List<Turn> Read(JsonElement list, string system)
    {
        if (list.ValueKind != JsonValueKind.Array) throw new RowException($"its turns are {JsonRow.Kind(list)}, expected an array");
        var turns = new List<Turn>();
        foreach (var (message, i) in list.EnumerateArray().Select((message, i) => (message, i)))
        {
            if (message.ValueKind != JsonValueKind.Object) throw new RowException($"turn {i + 1} is {JsonRow.Kind(message)}, expected an object with from and value, or role and content");
            turns.Add(Read(message, i + 1));
        }
        if (turns.Count > 0 && turns.Skip(1).Any(turn => turn.Role == TurnRole.System)) throw new RowException("a system turn stands after others");
        if (system.Length > 0 && (turns.Count == 0 || turns[0].Role != TurnRole.System)) turns.Insert(0, new Turn(TurnRole.System, system));
        return Learning(turns);
    }

    /// <summary>The turns with what is learnt: every answer to something, unless its row says that it is not.</summary>
    public static List<Turn> Learning(List<Turn> turns)
    {
        var asked = false;
        for (var i = 0; i < turns.Count; i++)
        {
            if (turns[i].Role is TurnRole.User or TurnRole.Tool) asked = true;
            // What stands before any question answers nothing: a conversation that was cut at its beginning.
            if (turns[i].Role == TurnRole.Assistant && !asked) turns[i] = turns[i] with { Learned = false };
        }
        return turns;
    }

    private static Turn Read(JsonElement message, int number)
    {
        var name = Text(message, "from") ?? Text(message, "role") ?? throw new RowException($"turn {number} has no from nor role");
        if (!_roles.TryGetValue(name, out var role)) throw new RowException($"turn {number} has the unknown role '{name}'; known: {string.Join(", ", _roles.Keys)}");
        var text = Text(message, "value") ?? Text(message, "content") ?? Parts(message) ?? "";
        if (role.Role == TurnRole.Assistant && message.TryGetProperty("tool_calls", out var calls) && calls.ValueKind == JsonValueKind.Array && calls.GetArrayLength() > 0)
            return new Turn(TurnRole.Assistant, PythonJson.Dump(calls.EnumerateArray().Select(call => call.TryGetProperty("function", out var function) ? function : call))) { IsCall = true, Learned = IsLearnt(message) };
        return new Turn(role.Role, text) { IsCall = role.IsCall, Learned = role.Role == TurnRole.Assistant && IsLearnt(message) };
    }

    /// <summary>OpenAI's <c>weight</c> (0 or 1) and axolotl's <c>train</c> (true or false) say whether an answer is learnt.</summary>
    private static bool IsLearnt(JsonElement message)
        => !(message.TryGetProperty("weight", out var weight) && weight.ValueKind == JsonValueKind.Number && weight.GetDouble() == 0)
        && !(message.TryGetProperty("train", out var train) && train.ValueKind == JsonValueKind.False);

    /// <summary>A content in parts, of which texts are read.</summary>
    private static string? Parts(JsonElement message)
    {
        if (!message.TryGetProperty("content", out var content) || content.ValueKind != JsonValueKind.Array) return null;
        var texts = content.EnumerateArray().Select(part => part.ValueKind == JsonValueKind.Object ? Text(part, "text") : null).ToList();
        return texts.Contains(null) ? throw new RowException("a turn has parts that are no text (images, sounds), which no model here takes") : string.Concat(texts);
    }

    private static string? Text(JsonElement value, string name) => value.TryGetProperty(name, out var text) && text.ValueKind == JsonValueKind.String ? JsonRow.TextOf(name, text) : null;
}
