using AlpacaCot.Data.Catalogue;
using AlpacaCot.Specs;
using AlpacaCot.Tests;

namespace AlpacaCot.Data.Tests;

/// <summary>
/// Every entry of the catalogue reads rows of its set's own form. The rows here are written by hand to the forms that the sets document; <see cref="RealDataTests"/> reads real ones of alpaca, cot, gsm8k,
/// code-alpaca, gpteacher-roleplay, seed-tasks, glaive-toolcall and gaokao.
/// </summary>
public sealed class ImporterTests
{
    private const string Alpaca = """[{"instruction": "I", "input": "X", "output": "O"}]""";
    private const string ShareGpt = """[{"id": "a_0", "conversations": [{"from": "human", "value": "I"}, {"from": "gpt", "value": "X"}, {"from": "human", "value": "J"}, {"from": "gpt", "value": "O"}]}]""";

    /// <summary>A file of each set, its rows, and the turns that they give: who says it, and what; an input follows its instruction after a slash.</summary>
    private static readonly Dictionary<string, (string File, string Rows, string Turns)> _samples = new(StringComparer.Ordinal)
    {
        ["alpaca"] = ("alpaca_data.json", Alpaca, "U:I/X A:O"),
        ["alpaca-tiny"] = ("instructions/alpaca_tiny.json", Alpaca, "U:I/X A:O"),
        ["alpaca-gpt4"] = ("alpaca_gpt4_data.json", Alpaca, "U:I/X A:O"),
        ["cot"] = ("cot/x_train.tsv", "I\\nj\tO\tbecause", "U:I\nj A:O"),
        ["gsm8k"] = ("gsm8k/train.jsonl", """{"question": "I", "answer": "2+2=<<2+2=4>>4\n#### O"}""", "U:I A:O"),
        ["gsm8k-test"] = ("gsm8k/test.jsonl", """{"question": "I", "answer": "why\n#### O"}""", "U:I A:O"),
        ["aqua-test"] = ("aqua/AQuA.json", """[{"sQuestion": "I", "options": ["A)1", "B)2"], "rationale": "why", "lSolutions": "A"}]""", "U:I\nOptions:\nA)1\nB)2 A:A"),
        ["bbh-arithmetic"] = ("bbh/multistep_arithmetic_two.json", "{\n\"canary\": \"c\", \"examples\": [{\"input\": \"I\", \"target\": \"O\"}]}", "U:I A:O"),
        ["gpt4all"] = ("gpt4all.jsonl", """{"prompt": "I", "response": "O", "source": "s"}""", "U:I A:O"),
        ["gpteacher"] = ("gpteacher.json", """[{"instruction": "I", "input": "X", "response": "O"}]""", "U:I/X A:O"),
        ["gpteacher-roleplay"] = ("instructions/gpteacher_roleplay.json", Alpaca, "U:I/X A:O"),
        ["guanaco"] = ("guanaco.json", Alpaca, "U:I/X A:O"),
        ["hc3"] = ("hc3_all.jsonl", """{"question": "I", "human_answers": ["H"], "chatgpt_answers": ["O", "P"], "index": null, "source": "open_qa"}""", "U:I A:O"),
        ["natural-instructions"] = ("natural-instructions/task001.json", "{\n \"Contributors\": [], \"Definition\": [\"I\"],\n \"Instances\": [{\"id\": \"a\", \"input\": \"X\", \"output\": [\"O\", \"P\"]}]\n}", "U:I/X A:O"),
        ["belle"] = ("belle_cn.jsonl", """{"instruction": "I", "input": "", "output": "O"}""", "U:I A:O"),
        ["belle1.5m"] = ("belle_data1.5M_cn.json", Alpaca, "U:I/X A:O"),
        ["multiturn-chat"] = ("multiturn_chat_0.8M.json", """{"instruction": "Human:I\nAssistant:X\nHuman:J\nAssistant:", "input": "", "output": "O"}""", "U:I A:X U:J A:O"),
        ["instinwild"] = ("instinwild_en.json", Alpaca, "U:I/X A:O"),
        ["prosocial-dialog"] = ("prosocial.jsonl", """{"context": "I", "response": "O", "rots": ["r"], "safety_label": "__casual__"}""", "U:I A:O"),
        ["finance"] = ("finance_en.json", """[{"instruction": "I", "input": "", "output": "O", "text": ""}]""", "U:I A:O"),
        ["xp3"] = ("xp3_zh.jsonl", """{"inputs": "I", "targets": "O"}""", "U:I A:O"),
        ["firefly"] = ("firefly-train-1.1M.jsonl", """{"kind": "NLI", "input": "I", "target": "O"}""", "U:I A:O"),
        ["instruct"] = ("instruct/data.jsonl", """{"prompt": "I", "completion": "O", "source": "s"}""", "U:I A:O"),
        ["code-alpaca"] = ("code_alpaca_20k.json", Alpaca, "U:I/X A:O"),
        ["webgpt"] = ("webgpt.jsonl", """{"question": {"dataset": "eli5", "id": "1", "full_text": "I"}, "answer_0": "worse", "score_0": -0.5, "answer_1": "O", "score_1": 0.5}""", "U:I A:O -worse"),
        ["dolly"] = ("databricks-dolly-15k.jsonl", """{"instruction": "I", "context": "X", "response": "O", "category": "closed_qa"}""", "U:I/X A:O"),
        ["baize"] = ("quora_chat_data.json", """[{"topic": "t", "input": "The conversation between human and AI assistant.\n[|Human|] I\n[|AI|] X\n[|Human|] J\n[|AI|] O\n[|Human|] "}]""", "U:I A:X U:J A:O"),
        ["hh-rlhf"] = ("hh-rlhf.jsonl", """{"chosen": "\n\nHuman: I\n\nAssistant: O", "rejected": "\n\nHuman: I\n\nAssistant: worse"}""", "U:I A:O -worse"),
        ["oig"] = ("unified_chip2.jsonl", """{"text": "<human>: I\n<bot>: O\n", "meta": {"source": "s"}}""", "U:I A:O"),
        ["gaokao"] = ("gaokao/Geography.json", "{\n\"keywords\": \"k\",\n\"example\": [{\"year\": \"2010\", \"question\": \"I\", \"answer\": [\"A\", \"B\"], \"analysis\": \"why\", \"index\": 0, \"score\": 4}]\n}", "U:I A:A, B"),
        ["camel"] = ("camel/math.jsonl", """{"role_1": "Mathematician", "topic;": "Algebra", "message_1": "I", "message_2": "O"}""", "U:I A:O"),
        ["flan-muffin"] = ("flan_x.jsonl", """{"inputs": "I", "targets": "O", "task": "t"}""", "U:I A:O"),
        ["coig"] = ("coig/exam_instructions.jsonl", """{"textbox_q_instruction": "I", "textbox_q_context": "", "textbox_question": "X", "textbox_answer": "O", "textbox_answer_analysis": "why"}""", "U:I/X A:O"),
        ["gpt4tools"] = ("gpt4tools_71k.json", Alpaca, "U:I/X A:O"),
        ["sharechat"] = ("sg_52k.json", ShareGpt, "U:I A:X U:J A:O"),
        ["fastchat"] = ("fastchat.json", ShareGpt, "U:I A:X U:J A:O"),
        ["auto-cot"] = ("auto-cot/demos.json", "{\n\"demo\": [{\"question\": \"Q: I\\nA:\", \"rationale\": \"why\", \"pred_ans\": \"O\", \"gold_ans\": \"O\"}]\n}", "U:I A:O"),
        ["moss"] = ("moss-003.jsonl", """{"conversation_id": 1, "meta_instruction": "M", "num_turns": 1, "chat": {"turn_1": {"Human": "<|Human|>: I<eoh>\n", "Inner Thoughts": "", "Commands": "", "Tool Responses": "", "MOSS": "<|MOSS|>: O<eom>\n"}}}""", "S:M U:I A:O"),
        ["ultrachat"] = ("ultrachat/0.jsonl", """{"id": "0", "data": ["I", "X", "J", "O"]}""", "U:I A:X U:J A:O"),
        ["chinese-medical"] = ("chinese-medical/a.csv", "department,title,ask,answer\nd,I,X,O\n", "U:I/X A:O"),
        ["csl"] = ("csl_camera_readly.tsv", "O\tX\tk1_k2\td\tc\n", "U:为下面的论文摘要写一个标题。/X A:O"),
        ["pclue"] = ("pCLUE_train_1.json", """{"input": "I", "target": "O", "answer_choices": [], "type": "classify"}""", "U:I A:O"),
        ["news-commentary"] = ("news_commentary.json", Alpaca, "U:I/X A:O"),
        ["stackllama"] = ("stackllama.jsonl", """{"qid": 1, "question": "I", "date": "d", "metadata": [], "response_j": "O", "response_k": "worse"}""", "U:I A:O -worse"),
        ["glaive-toolcall"] = ("glaive_toolcall.json", """[{"conversations": [{"from": "human", "value": "I"}, {"from": "function_call", "value": "{}"}, {"from": "observation", "value": "X"}, {"from": "gpt", "value": "O"}], "tools": "[{}]"}]""", "U:I C:{} T:X A:O"),
        ["seed-tasks"] = ("seed_tasks.jsonl", """{"id": "s", "name": "n", "instruction": "I", "instances": [{"input": "X", "output": "O"}], "is_classification": false}""", "U:I/X A:O"),
        ["alpaca-cot"] = ("alcapa_plus_cot.json", Alpaca, "U:I/X A:O"),
        ["alpaca-belle"] = ("alpaca_plus_belle_data.json", Alpaca, "U:I/X A:O"),
        ["alpaca-belle-cot"] = ("alcapa_plus_belle_plus_cot.json", Alpaca, "U:I/X A:O"),
    };

    public static TheoryData<string> Names => [.. DatasetCatalogue.Known.Select(set => set.Name).Distinct()];

    [Theory]
    [MemberData(nameof(Names))]
    public void Read_EverySet_GivesItsConversations(string name)
    {
        var (file, rows, turns) = name.StartsWith("cot-", StringComparison.Ordinal) ? ($"cot/{name[4..]}_train.tsv", "I\tO\tbecause", "U:I A:O") : _samples[name];
        using var root = new TemporaryFolder();
        Directory.CreateDirectory(Path.GetDirectoryName(root[file])!);
        File.WriteAllText(root[file], rows);

        var conversation = Assert.Single(new DatasetCatalogue(root.Path).SourceFiles(new SourceSpec { Set = name }).SelectMany(found => found.Read(null, null)));

        Assert.Equal(turns, string.Join(' ', conversation.Turns.Select(Shown)) + (conversation.Rejected is { } rejected ? $" -{rejected}" : ""));
        Assert.All(conversation.Turns, turn => Assert.Equal(turn.Role == TurnRole.Assistant, turn.Learned));
    }

    [Fact]
    public void Known_EverySet_HasItsFacts()
    {
        Assert.All(DatasetCatalogue.Known, set =>
        {
            Assert.NotEmpty(set.About);
            Assert.NotEmpty(set.Patterns);
            Assert.NotEmpty(set.Source);
            Assert.Contains(set.Task, (string[])["MT", "TS"]);
            Assert.Contains(set.Generation, (string[])["HG", "SI", "MIX", "COL"]);
            Assert.All(set.Files, file => Assert.True(file.StartsWith("hf:", StringComparison.Ordinal) || Uri.TryCreate(file, UriKind.Absolute, out _), file));
        });
        // The sum of the counted sets of Alpaca-CoT's table, each once.
        var counted = (string[])["cot", "gpt4all", "gpteacher", "guanaco", "hc3", "alpaca", "natural-instructions", "belle", "instinwild", "prosocial-dialog", "finance", "xp3", "firefly", "instruct", "code-alpaca",
            "alpaca-gpt4", "webgpt", "dolly", "baize", "hh-rlhf", "oig", "gaokao", "camel", "flan-muffin", "coig", "gpt4tools", "sharechat", "auto-cot", "moss", "ultrachat", "chinese-medical", "csl", "pclue", "news-commentary"];
        Assert.Equal(127_495_609, counted.Sum(name => DatasetCatalogue.Known.First(set => set.Name == name).Rows!.Value));
    }

    [Fact]
    public void SourceFiles_CombinationWithoutItsOwnFile_IsItsParts()
    {
        using var root = new TemporaryFolder();
        Directory.CreateDirectory(root["cot"]);
        File.WriteAllText(root["alpaca_data.json"], Alpaca);
        File.WriteAllText(root["cot/a_train.tsv"], "Q\tA\tR");

        var catalogue = new DatasetCatalogue(root.Path);

        Assert.Equal([root["alpaca_data.json"], root["cot/a_train.tsv"]], catalogue.Files(new SourceSpec { Set = "alpaca-cot" }));
        Assert.Contains("data set belle: is not there", Assert.Throws<DatasetException>(() => catalogue.Files(new SourceSpec { Set = "alpaca-belle" })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void SourceFiles_RegisteredSet_IsReadByItsColumns()
    {
        using var root = new TemporaryFolder();
        File.WriteAllText(root["mine.jsonl"], """{"ask": "I", "say": "O"}""");
        File.WriteAllText(root[DatasetInfoEntry.FileName], """{"my-set": {"file_name": "mine.jsonl", "columns": {"prompt": "ask", "response": "say"}}, "far": {"hf_hub_url": "owner/name"}}""");

        var catalogue = new DatasetCatalogue(root.Path);
        var row = Assert.Single(catalogue.SourceFiles(new SourceSpec { Set = "my-set" }).SelectMany(file => file.Read(null, null)));

        Assert.Equal(("I", "O"), (row.Instruction, row.Output));
        Assert.Contains("data add owner/name", Assert.Throws<DatasetException>(() => catalogue.Files(new SourceSpec { Set = "far" })).Message, StringComparison.Ordinal);
        Assert.Equal(["my-set", "far"], catalogue.Registered().Select(entry => entry.Name));
    }

    private static string Shown(Turn turn)
    {
        var letter = turn switch
        {
            { IsCall: true } => 'C',
            { Role: TurnRole.System } => 'S',
            { Role: TurnRole.User } => 'U',
            { Role: TurnRole.Tool } => 'T',
            _ => 'A',
        };
        return $"{letter}:{turn.Text}{(turn.Input.Length > 0 ? "/" + turn.Input : "")}";
    }
}
