using System.Text;
using AlpacaCot.Data.Importing;
using AlpacaCot.Tests;

namespace AlpacaCot.Data.Tests;

public sealed class RecordReaderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Read_AlpacaArray_GivesEveryRowInOrder()
    {
        var records = Read("""[{"instruction": "Add.", "input": "2, 3", "output": "5"}, {"instruction": "Say hi.", "output": "hi", "text": "unused"}]""");

        Assert.Equal([("Add.", "2, 3", "5", 1), ("Say hi.", "", "hi", 2)], records.Select(r => (r.Instruction, r.Input, r.Output, r.Row)));
    }

    [Fact]
    public void Read_ContentNotName_DecidesTheForm()
    {
        var records = Read("{\"instruction\": \"a\", \"output\": \"b\"}\r\n\n{\"instruction\": \"c\", \"output\": \"d\"}", "rows.json");

        Assert.Equal(["a", "c"], records.Select(r => r.Instruction));
    }

    [Fact]
    public void Read_ArrayLargerThanTheBuffer_StreamsAllRows()
    {
        var rows = Enumerable.Range(0, 3000).Select(i => $$"""  {"instruction": "question {{i}} ü 问题", "input": "", "output": "{{new string('x', i % 97)}}"}""");

        var records = Read("[\n" + string.Join(",\n", rows) + "\n]\n");

        Assert.Equal(3000, records.Count);
        Assert.All(records, (r, i) => Assert.Equal($"question {i} ü 问题", r.Instruction));
    }

    [Fact]
    public void Read_RowLargerThanTheBuffer_IsWhole()
    {
        var output = new string('é', 200_000);

        Assert.Equal(output, Assert.Single(Read($$"""[{"instruction": "a", "output": "{{output}}"}]""")).Output);
    }

    [Fact]
    public void Read_FlanTsv_DecodesLiteralLineBreaks()
    {
        var record = Assert.Single(Read("Which one?\\nOptions:\\n- yes\\n- no\\n\tyes\tFirst.\\nSecond.\n", "cot.tsv"));

        Assert.Equal("Which one?\nOptions:\n- yes\n- no", record.Instruction);
        Assert.Equal(("yes", "yes", "First.\nSecond."), (record.Answer, record.Output, record.Rationale));
    }

    [Fact]
    public void Read_TsvStartingLikeJson_IsTsv()
        => Assert.Equal("[sic] why?", Assert.Single(Read("[sic] why?\tb\tc")).Instruction);

    [Fact]
    public void Read_Gsm8k_SplitsWorkingAndAnswer()
    {
        var record = Assert.Single(Read("""{"question": "How many?", "answer": "48/2 = <<48/2=24>>24 clips.\nSo 24.\n#### 1,024"}"""));

        Assert.Equal("48/2 = 24 clips.\nSo 24.", record.Rationale);
        Assert.Equal(("1,024", "1,024"), (record.Answer, record.Output));
    }

    [Fact]
    public void Read_SeedTasks_GivesARecordPerInstance()
        => Assert.Equal([("x", "1"), ("y", "2")],
            Read("""{"instruction": "i", "instances": [{"input": "x", "output": "1"}, {"input": "y", "output": "2"}]}""").Select(r => (r.Input, r.Output)));

    [Theory]
    [InlineData("utf-16")]
    [InlineData("utf-16BE")]
    [InlineData("utf-32")]
    [InlineData("utf-8")]
    public void Read_WithByteOrderMark_ReadsTheText(string encoding)
    {
        File.WriteAllText(_folder["rows.json"], """[{"instruction": "问", "output": "答"}]""", Encoding.GetEncoding(encoding));

        Assert.Equal("问", Assert.Single(RecordReader.Read(_folder["rows.json"])).Instruction);
    }

    [Theory]
    [InlineData("", "is empty")]
    [InlineData(" \n ", "is empty")]
    [InlineData("[]", "holds no rows")]
    [InlineData("hello", "is neither")]
    [InlineData("""[{"instruction": "a", "output": "b"}, {"instruction": "c", "out""", "ends inside row 2 (line 1): the file is truncated")]
    [InlineData("""[{"instruction": "a", "output": "b"},""", "ends inside row 2 (line 1): the file is truncated")]
    [InlineData("""[{"instruction": "a", "output": "b"}""", "ends inside row 2 (line 1): the file is truncated")]
    [InlineData("[\n{\"instruction\": \"a\", \"output\": \"b\"},\n{\"instruction\": nope}]", "row 2 (line 3) is not valid JSON")]
    [InlineData("""[{"instruction": "a", "output": "b"}] trailing""", "not valid JSON")]
    [InlineData("""[{"instruction": "a", "output": "b"}, 7]""", "row 2: is a number")]
    [InlineData("""[{"instruction": "a", "output": ["b"]}]""", "row 1: output is an array, expected a text")]
    [InlineData("""[{"prompt": "a", "chosen": "b"}]""", "row 1: has the fields prompt, chosen; expected instruction, input and output")]
    [InlineData("""[{"conversations": []}]""", "row 1: is a conversation")]
    [InlineData("""[{"instruction": "a", "output": "b", "history": [["c", "d"]]}]""", "row 1: has a conversation's earlier turns in history")]
    [InlineData("{\"instruction\": \"a\", \"output\": \"b\"}\n\n{\"instruction\": \"c\"", "row 2, line 3: is not one whole JSON object")]
    [InlineData("""{"instruction": "half \ud83d", "output": "b"}""", "row 1, line 1: instruction is not valid")]
    [InlineData("a\tb\tc\nd\te\n", "line 2 has 2 columns, expected 3")]
    public void Read_BadFile_NamesFileRowAndMistake(string content, string mistake)
    {
        var error = Assert.Throws<DatasetException>(() => Read(content));

        Assert.Contains(mistake, error.Message, StringComparison.Ordinal);
        Assert.StartsWith(_folder["rows"], error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void Read_MissingFile_SaysSo()
        => Assert.Equal($"{_folder["none"]}: no such file", Assert.Throws<DatasetException>(() => RecordReader.Read(_folder["none"]).ToList()).Message);

    [Fact]
    public void Read_InvalidUtf8_NamesTheLine()
    {
        File.WriteAllBytes(_folder["rows"], [.. "a\tb\tc\nd\te\t"u8, 0xFF, 0xFE]);

        Assert.Contains("line 2 is not valid UTF-8", Assert.Throws<DatasetException>(() => RecordReader.Read(_folder["rows"]).ToList()).Message, StringComparison.Ordinal);
    }

    private List<InstructionRecord> Read(string content, string name = "rows")
    {
        File.WriteAllText(_folder[name], content);
        return [.. RecordReader.Read(_folder[name])];
    }
}
