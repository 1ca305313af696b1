using System.Text.Json;

namespace AlpacaCot.Data.Importing;

/// <summary>Importers of the sets' own forms of rows.</summary>
internal static class Importers
{
    private static readonly (string, TurnRole)[] _human = [("Human:", TurnRole.User), ("Assistant:", TurnRole.Assistant)];
    private static readonly (string, TurnRole)[] _paragraphs = [("\n\nHuman:", TurnRole.User), ("\n\nAssistant:", TurnRole.Assistant)];
    private static readonly (string, TurnRole)[] _baize = [("[|Human|]", TurnRole.User), ("[|AI|]", TurnRole.Assistant)];
    private static readonly (string, TurnRole)[] _oig = [("<human>:", TurnRole.User), ("<bot>:", TurnRole.Assistant)];
    private static readonly (string, TurnRole)[] _moss = [("[Human]:", TurnRole.User), ("[MOSS]:", TurnRole.Assistant)];
    private static readonly string[] _aquaQuestions = ["question", "sQuestion"];
    private static readonly string[] _aquaAnswers = ["correct", "lSolutions", "answer"];

    /// <summary>A question, what it is about and an answer by the names of their fields; a row in the Alpaca form is read as that, since sets are published in both.</summary>
    public static RowImporter Fields(string question, string? input, string answer) => (row, source, number) =>
    {
        var fields = JsonRow.Of(row);
        return fields.Has(question) && fields.Has(answer)
            ? [Single(fields.Text(question), input is null ? "" : fields.TextOrEmpty(input), fields.Text(answer), source, number)]
            : JsonRow.Records(row, source, number);
    };

    /// <summary>HC3: a question with answers by people and by ChatGPT; ChatGPT's first answer, else the first by a person.</summary>
    public static IEnumerable<Conversation> Hc3(JsonElement row, string source, int number)
    {
        var fields = JsonRow.Of(row);
        if (!fields.Has("chatgpt_answers")) return JsonRow.Records(row, source, number);
        var answers = fields.Array("chatgpt_answers").Concat(fields.Has("human_answers") ? fields.Array("human_answers").AsEnumerable() : []);
        var answer = answers.Select(text => JsonRow.TextOf("an answer", text)).FirstOrDefault(text => text.Trim().Length > 0);
        return [Single(fields.Text("question"), "", answer ?? "", source, number)];
    }

    /// <summary>Natural Instructions: a task file (<c>Definition</c>, <c>Instances</c>), or a row of its flat form (<c>definition, inputs, targets</c>).</summary>
    public static IEnumerable<Conversation> NaturalInstructions(JsonElement row, string source, int number)
    {
        var fields = JsonRow.Of(row);
        if (fields.Has("definition") && fields.Has("inputs")) return [Single(fields.Text("definition"), fields.Text("inputs"), fields.Text("targets"), source, number)];
        if (!fields.Has("Instances")) return JsonRow.Records(row, source, number);
        var definition = FirstOf(fields.Value("Definition"), "Definition");
        return fields.Array("Instances").Select((instance, i) =>
        {
            var one = JsonRow.Of(instance);
            return Single(definition, one.Text("input"), FirstOf(one.Value("output"), "output"), source, i + 1);
        });
    }

    /// <summary>BELLE's chats of several turns: the turns so far in <c>instruction</c>, after <c>Human:</c> and <c>Assistant:</c>, the last answer in <c>output</c>.</summary>
    public static IEnumerable<Conversation> BelleChat(JsonElement row, string source, int number)
    {
        var fields = JsonRow.Of(row);
        var turns = DialogueText.Split(fields.Text("instruction"), _human);
        if (turns.Count == 0) return JsonRow.Records(row, source, number);
        return [new Conversation(Turns.Learning([.. turns, new Turn(TurnRole.Assistant, fields.Text("output").Trim()) { Learned = true }]), source, number)];
    }

    /// <summary>WebGPT's comparisons: two answers with scores, of which the better is kept; the first where they are equal.</summary>
    public static IEnumerable<Conversation> WebGpt(JsonElement row, string source, int number)
    {
        var fields = JsonRow.Of(row);
        if (!fields.Has("answer_0")) return JsonRow.Records(row, source, number);
        var question = fields.Value("question") is { ValueKind: JsonValueKind.Object } nested ? JsonRow.Of(nested).Text("full_text") : fields.Text("question");
        var second = Score(fields, "score_1") > Score(fields, "score_0");
        return [Single(question, "", fields.Text(second ? "answer_1" : "answer_0"), source, number) with { Rejected = fields.Text(second ? "answer_0" : "answer_1") }];
    }

    /// <summary>Baize: a chat with itself as one text.</summary>
    public static IEnumerable<Conversation> Baize(JsonElement row, string source, int number)
        => JsonRow.Of(row).Has("output") ? JsonRow.Records(row, source, number) : [DialogueText.Read(JsonRow.Of(row).Text("input"), _baize, source, number)];

    /// <summary>HH-RLHF: two texts of the same chat with different last answers.</summary>
    public static IEnumerable<Conversation> HhRlhf(JsonElement row, string source, int number)
    {
        var fields = JsonRow.Of(row);
        if (!fields.Has("chosen")) return JsonRow.Records(row, source, number);
        var rejected = fields.Has("rejected") ? DialogueText.Split(fields.Text("rejected"), _paragraphs).LastOrDefault(turn => turn.Role == TurnRole.Assistant)?.Text : null;
        return [DialogueText.Read(fields.Text("chosen"), _paragraphs, source, number) with { Rejected = rejected }];
    }

    /// <summary>OIG: a chat as one text.</summary>
    public static IEnumerable<Conversation> Oig(JsonElement row, string source, int number)
        => JsonRow.Of(row).Has("text") ? [DialogueText.Read(JsonRow.Of(row).Text("text"), _oig, source, number)] : JsonRow.Records(row, source, number);

    /// <summary>GAOKAO-Bench: a file with its questions under <c>example</c>; the analysis is the rationale.</summary>
    public static IEnumerable<Conversation> Gaokao(JsonElement row, string source, int number)
    {
        var fields = JsonRow.Of(row);
        if (!fields.Has("example")) return JsonRow.Records(row, source, number);
        return fields.Array("example").Select((example, i) =>
        {
            var one = JsonRow.Of(example);
            var answer = one.Value("answer") is { ValueKind: JsonValueKind.Array } letters ? string.Join(", ", letters.EnumerateArray().Select(letter => JsonRow.TextOf("answer", letter))) : one.Text("answer");
            var analysis = one.TextOrEmpty("analysis").Trim();
            return Conversation.Of(new InstructionRecord(one.Text("question").Trim(), "", answer, analysis.Length == 0 ? null : analysis, answer, source, i + 1));
        });
    }

    /// <summary>CAMEL: a problem and its solution, or a role play of numbered messages that the first role begins.</summary>
    public static IEnumerable<Conversation> Camel(JsonElement row, string source, int number)
    {
        var fields = JsonRow.Of(row);
        if (!fields.Has("message_1")) return JsonRow.Records(row, source, number);
        var turns = new List<Turn>();
        for (var i = 1; fields.Given($"message_{i}"); i++)
        {
            var message = fields.Value($"message_{i}");
            var text = message.ValueKind == JsonValueKind.Object ? JsonRow.Of(message).Text("content") : JsonRow.TextOf($"message_{i}", message);
            turns.Add(new Turn(i % 2 == 1 ? TurnRole.User : TurnRole.Assistant, text) { Learned = i % 2 == 0 });
        }
        return [new Conversation(turns, source, number)];
    }

    /// <summary>COIG: exam questions with their analysis, or rows in the Alpaca form.</summary>
    public static IEnumerable<Conversation> Coig(JsonElement row, string source, int number)
    {
        var fields = JsonRow.Of(row);
        if (!fields.Has("textbox_question")) return JsonRow.Records(row, source, number);
        var input = string.Join('\n', new[] { fields.TextOrEmpty("textbox_q_context"), fields.TextOrEmpty("textbox_question") }.Where(text => text.Length > 0));
        var (instruction, answer, analysis) = (fields.TextOrEmpty("textbox_q_instruction"), fields.Text("textbox_answer"), fields.TextOrEmpty("textbox_answer_analysis"));
        return [Conversation.Of(new InstructionRecord(instruction.Length > 0 ? instruction : input, instruction.Length > 0 ? input : "", answer, analysis.Length == 0 ? null : analysis, answer, source, number))];
    }

    /// <summary>Auto-CoT: a file with its demonstrations under <c>demo</c>, each a question, a rationale and an answer.</summary>
    public static IEnumerable<Conversation> AutoCot(JsonElement row, string source, int number)
    {
        var fields = JsonRow.Of(row);
        if (!fields.Has("demo")) return JsonRow.Records(row, source, number);
        return fields.Array("demo").Select((demo, i) =>
        {
            var one = JsonRow.Of(demo);
            var question = one.Text("question").Trim();
            if (question.StartsWith("Q:", StringComparison.Ordinal)) question = question[2..].Trim();
            if (question.EndsWith("A:", StringComparison.Ordinal)) question = question[..^2].Trim();
            var answer = one.Text(one.Given("gold_ans") ? "gold_ans" : "pred_ans");
            return Conversation.Of(new InstructionRecord(question, "", answer, one.TextOrEmpty("rationale").Trim(), answer, source, i + 1));
        });
    }

    /// <summary>MOSS: the second release's text with marks, or the third's numbered turns.</summary>
    public static IEnumerable<Conversation> Moss(JsonElement row, string source, int number)
    {
        var fields = JsonRow.Of(row);
        if (fields.Has("plain_text")) return [DialogueText.Read(fields.Text("plain_text"), _moss, source, number, "<eoa>", "<eoh>")];
        if (!fields.Has("chat")) return JsonRow.Records(row, source, number);
        var turns = new List<Turn>();
        var chat = JsonRow.Of(fields.Value("chat"));
        for (var i = 1; chat.Given($"turn_{i}"); i++)
        {
            var turn = JsonRow.Of(chat.Value($"turn_{i}"));
            turns.Add(new Turn(TurnRole.User, Bare(turn.Text("Human"), "<|Human|>:", "<eoh>")));
            turns.Add(new Turn(TurnRole.Assistant, Bare(turn.Text("MOSS"), "<|MOSS|>:", "<eom>")) { Learned = true });
        }
        var system = fields.TextOrEmpty("meta_instruction");
        return [new Conversation([.. system.Length == 0 ? [] : new[] { new Turn(TurnRole.System, system) }, .. turns], source, number)];
    }

    /// <summary>UltraChat: texts in turn, the user's first.</summary>
    public static IEnumerable<Conversation> UltraChat(JsonElement row, string source, int number)
    {
        var fields = JsonRow.Of(row);
        if (!fields.Has("data")) return JsonRow.Records(row, source, number);
        return [new Conversation([.. fields.Array("data").Select((text, i) => new Turn(i % 2 == 0 ? TurnRole.User : TurnRole.Assistant, JsonRow.TextOf("data", text)) { Learned = i % 2 == 1 })], source, number)];
    }

    /// <summary>Chinese medical dialogues: a title and what is asked, and a doctor's answer.</summary>
    public static IEnumerable<Conversation> Medical(JsonElement row, string source, int number)
    {
        var fields = JsonRow.Of(row);
        return fields.Has("ask") ? [Single(fields.TextOrEmpty("title"), fields.Text("ask"), fields.Text("answer"), source, number)] : JsonRow.Records(row, source, number);
    }

    /// <summary>CSL: papers with title, abstract, keywords, discipline and category; the title is to be found for the abstract.</summary>
    public static IEnumerable<Conversation> Csl(JsonElement row, string source, int number)
    {
        var fields = JsonRow.Of(row);
        return fields.Has("abstract") ? [Single("为下面的论文摘要写一个标题。", fields.Text("abstract"), fields.Text("title"), source, number)] : JsonRow.Records(row, source, number);
    }

    /// <summary>AQuA: a question with options, a rationale and the letter of the right one.</summary>
    public static IEnumerable<Conversation> Aqua(JsonElement row, string source, int number)
    {
        var fields = JsonRow.Of(row);
        var question = _aquaQuestions.FirstOrDefault(fields.Has);
        if (question is null || !fields.Has("options")) return JsonRow.Records(row, source, number);
        var answer = fields.Text(_aquaAnswers.FirstOrDefault(fields.Has) ?? "correct");
        var asked = $"{fields.Text(question)}\nOptions:\n{string.Join('\n', fields.Array("options").Select(option => JsonRow.TextOf("options", option)))}";
        return [Conversation.Of(new InstructionRecord(asked, "", answer, fields.Optional("rationale"), answer, source, number))];
    }

    /// <summary>BIG-Bench Hard: a file with its questions under <c>examples</c>.</summary>
    public static IEnumerable<Conversation> BigBenchHard(JsonElement row, string source, int number)
    {
        var fields = JsonRow.Of(row);
        if (!fields.Has("examples")) return JsonRow.Records(row, source, number);
        return fields.Array("examples").Select((example, i) => Single(JsonRow.Of(example).Text("input"), "", JsonRow.Of(example).Text("target"), source, i + 1));
    }

    /// <summary>Stack Exchange in pairs: the answer with more votes is liked better.</summary>
    public static IEnumerable<Conversation> StackExchange(JsonElement row, string source, int number)
    {
        var fields = JsonRow.Of(row);
        return fields.Has("response_j") ? [Single(fields.Text("question"), "", fields.Text("response_j"), source, number) with { Rejected = fields.Optional("response_k") }] : JsonRow.Records(row, source, number);
    }

    private static Conversation Single(string instruction, string input, string output, string source, int number)
        => Conversation.Of(instruction.Length == 0 ? new InstructionRecord(input, "", output, null, null, source, number) : new InstructionRecord(instruction, input, output, null, null, source, number));

    private static string FirstOf(JsonElement value, string name)
        => value.ValueKind != JsonValueKind.Array ? JsonRow.TextOf(name, value) : value.GetArrayLength() > 0 ? JsonRow.TextOf(name, value[0]) : throw new RowException($"{name} is empty");

    private static double Score(JsonRow.Fields fields, string name) => fields.Value(name) is { ValueKind: JsonValueKind.Number } score ? score.GetDouble() : throw new RowException($"{name} is no number");

    private static string Bare(string text, string mark, string end)
    {
        text = text.Trim();
        if (text.StartsWith(mark, StringComparison.Ordinal)) text = text[mark.Length..];
        text = text.TrimEnd();
        return (text.EndsWith(end, StringComparison.Ordinal) ? text[..^end.Length] : text).Trim();
    }
}
