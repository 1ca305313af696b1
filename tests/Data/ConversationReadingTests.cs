using System.IO.Compression;
using AlpacaCot.Data.Importing;
using AlpacaCot.Data.Masking;
using AlpacaCot.Data.Templates;
using AlpacaCot.Tests;

namespace AlpacaCot.Data.Tests;

/// <summary>Rows of every form as conversations.</summary>
public sealed class ConversationReadingTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Read_ShareGptWithSystemAndTools_HasTheTurnsAndWhatIsLearnt()
    {
        var row = Assert.Single(Read("""[{"system": "S", "tools": "[{\"name\": \"f\"}]", "conversations": [{"from": "human", "value": "q"}, {"from": "function_call", "value": "{}"}, {"from": "observation", "value": "o"}, {"from": "gpt", "value": "a"}]}]"""));

        Assert.Equal(
            [
                new Turn(TurnRole.System, "S"), new Turn(TurnRole.User, "q"), new Turn(TurnRole.Assistant, "{}") { IsCall = true, Learned = true }, new Turn(TurnRole.Tool, "o"), new Turn(TurnRole.Assistant, "a") { Learned = true },
            ], row.Turns);
        Assert.Equal("[{\"name\": \"f\"}]", row.Tools);
    }

    [Fact]
    public void Read_AlpacaWithHistory_IsTheSameAsItsMessages()
        => Assert.Equal(
            Assert.Single(Read("""[{"messages": [{"role": "system", "content": "S"}, {"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "user", "content": "c"}, {"role": "assistant", "content": "d"}]}]""")).Turns,
            Assert.Single(Read("""[{"instruction": "c", "input": "", "output": "d", "system": "S", "history": [["a", "b"]]}]""")).Turns);

    [Fact]
    public void Read_ToolCallsOfMessages_AreWrittenAsPythonWritesThem()
        => Assert.Equal(
            """[{"name": "f", "arguments": "{\"x\":1}"}]""",
            Assert.Single(Read("""[{"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": null, "tool_calls": [{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{\"x\":1}"}}]}]}]""")).Output);

    [Fact]
    public void Read_AnswerBeforeAnyQuestion_IsContextAlone()
        => Assert.Equal([false, false, true], Assert.Single(Read("""[{"conversations": [{"from": "gpt", "value": "a"}, {"from": "human", "value": "b"}, {"from": "gpt", "value": "c"}]}]""")).Turns.Select(turn => turn.Learned));

    /// <summary>Turns that do not alternate stay as they are: two questions are one prompt, two answers are learnt one after the other.</summary>
    [Fact]
    public void Build_AlternationBroken_LearnsTheAnswersAlone()
    {
        var row = Assert.Single(Read("""[{"conversations": [{"from": "system", "value": "S"}, {"from": "human", "value": "a"}, {"from": "human", "value": "b"}, {"from": "gpt", "value": "c"}, {"from": "gpt", "value": "d"}, {"from": "human", "value": "e"}]}]"""));
        var tokenizer = new ByteTokenizer();
        foreach (var form in (IConversationForm[])[PromptTemplates.Plain, ConversationForms.Get("chat:chatml", tokenizer, null)])
        {
            var example = new ExampleBuilder(tokenizer, form, 4096).Build(row).Example!;
            var learned = MaskChecks.Learned(tokenizer, example).Replace("<|im_end|>", "", StringComparison.Ordinal);
            Assert.Equal("cd", learned);
            Assert.Equal(tokenizer.EosId, example.Labels[^1]);
        }
    }

    [Theory]
    [InlineData("\"weight\": 0", false)]
    [InlineData("\"weight\": 1", true)]
    [InlineData("\"train\": false", false)]
    [InlineData("\"other\": 0", true)]
    public void Read_WeightOfATurn_SaysWhetherItIsLearnt(string member, bool learnt)
        => Assert.Equal(learnt, Assert.Single(Read($$"""[{"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a", {{member}}}]}]""")).Turns[1].Learned);

    [Theory]
    [InlineData("""[{"prompt": "q", "chosen": "a", "rejected": "b"}]""")]
    [InlineData("""[{"conversations": [{"from": "human", "value": "q"}], "chosen": {"from": "gpt", "value": "a"}, "rejected": {"from": "gpt", "value": "b"}}]""")]
    [InlineData("""[{"instruction": "q", "input": "", "chosen": "a", "rejected": "b"}]""")]
    public void Read_PreferencePair_LearnsTheChosenAnswer(string content)
    {
        var row = Assert.Single(Read(content));
        Assert.Equal(("q", "a", "b"), (row.Instruction, row.Output, row.Rejected));
    }

    [Theory]
    [InlineData("rows.jsonl.gz")]
    [InlineData("rows.csv")]
    [InlineData("rows.zip")]
    [InlineData("rows.tsv")]
    public void Read_SameRowsInOtherFiles_AreTheSame(string name)
    {
        const string Lines = "{\"instruction\": \"q, 1\", \"input\": \"\", \"output\": \"a\"}\n{\"instruction\": \"q2\", \"input\": \"x\", \"output\": \"b\"}\n";
        var path = _folder[name];
        switch (Path.GetExtension(name))
        {
            case ".gz":
                using (var file = File.Create(path))
                using (var gzip = new GZipStream(file, CompressionMode.Compress)) gzip.Write(System.Text.Encoding.UTF8.GetBytes(Lines));
                break;
            case ".zip":
                using (var archive = ZipFile.Open(path, ZipArchiveMode.Create))
                    foreach (var (entry, line) in Lines.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select((line, i) => ($"data/{i}.jsonl", line)))
                        using (var writer = new StreamWriter(archive.CreateEntry(entry).Open())) writer.Write(line);
                break;
            case ".tsv":
                File.WriteAllText(path, "id\tinstruction\tinput\toutput\n1\tq, 1\t\ta\n2\tq2\tx\tb\n");
                break;
            default:
                File.WriteAllText(path, "instruction,input,output\n\"q, 1\",,a\nq2,x,b\n");
                break;
        }

        Assert.Equal([("q, 1", "", "a"), ("q2", "x", "b")], RecordReader.Read(path).Select(row => (row.Instruction, row.Input, row.Output)));
    }

    [Fact]
    public void Read_GzipCutOff_IsRefusedWithItsName()
    {
        using (var file = File.Create(_folder["rows.jsonl.gz"]))
        using (var gzip = new GZipStream(file, CompressionMode.Compress)) gzip.Write(System.Text.Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 5000).Select(i => $"{{\"instruction\": \"{i * 7919 % 5003}\", \"output\": \"{i}\"}}\n"))));
        var bytes = File.ReadAllBytes(_folder["rows.jsonl.gz"]);
        File.WriteAllBytes(_folder["rows.jsonl.gz"], bytes[..(bytes.Length / 2)]);

        var error = Assert.Throws<DatasetException>(() => RecordReader.Read(_folder["rows.jsonl.gz"]).Count());

        Assert.StartsWith($"{_folder["rows.jsonl.gz"]}: is damaged or cut off", error.Message, StringComparison.Ordinal);
    }

    private List<Conversation> Read(string content)
    {
        File.WriteAllText(_folder["rows.json"], content);
        return [.. RecordReader.Read(_folder["rows.json"])];
    }
}
