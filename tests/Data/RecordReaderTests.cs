using System.Text;
using AlpacaCot.Data.Importing;
using AlpacaCot.Data.Preparation;
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

    [Theory]
    [InlineData("rows.json")]
    [InlineData("rows.jsonl")]
    [InlineData("rows.tsv")]
    public void Read_GitLfsPointer_SaysSo(string name)
    {
        File.WriteAllText(_folder[name], "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 22773992\n");
        Assert.StartsWith($"{_folder[name]}: is a Git LFS pointer", Assert.Throws<DatasetException>(() => RecordReader.Read(_folder[name]).ToList()).Message, StringComparison.Ordinal);
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
    [InlineData("""[{"instruction": "a", "output": "b"}, {"instruction": "c", "out""", "row 2, line 1: the file ends inside this row")]
    [InlineData("""[{"instruction": "a", "output": "b"},""", "row 2, line 1: the file ends inside this row")]
    [InlineData("""[{"instruction": "a", "output": "b"}""", "row 2, line 1: the file ends inside this row")]
    [InlineData("[\n{\"instruction\": \"a\", \"output\": \"b\"},\n{\"instruction\": nope}]", "row 2, line 3: is not valid JSON")]
    [InlineData("""[{"instruction": "a", "output": "b"}] trailing""", "not valid JSON")]
    [InlineData("""[{"instruction": "a", "output": "b"}, 7]""", "row 2: is a number")]
    [InlineData("""[{"instruction": "a", "output": ["b"]}]""", "row 1: output is an array, expected a text")]
    [InlineData("""[{"prompt": "a", "chosen": "b"}]""", "row 1: has the fields prompt, chosen; expected instruction, input and output")]
    [InlineData("""[{"conversations": []}]""", "row 1: conversations has no turns")]
    [InlineData("""[{"messages": [{"role": "user", "content": "a"}, {"role": "wizard", "content": "b"}]}]""", "row 1: turn 2 has the unknown role 'wizard'")]
    [InlineData("""[{"conversations": [{"from": "human", "value": "a"}, {"from": "system", "value": "late"}]}]""", "row 1: a system turn stands after others")]
    [InlineData("""[{"conversations": "text"}]""", "row 1: its turns are a text, expected an array")]
    [InlineData("""[{"instruction": "a", "output": "b", "history": [["c"]]}]""", "row 1: history is no list of pairs of question and answer")]
    [InlineData("{\"instruction\": \"a\", \"output\": \"b\"}\n\n{\"instruction\": \"c\"", "row 2, line 3: is not one whole JSON object")]
    [InlineData("""{"instruction": "half \ud83d", "output": "b"}""", "row 1, line 1: instruction is not valid")]
    [InlineData("""[{"instruction": "a", "output": "b"},]""", "row 2, line 1: is not valid JSON: a comma stands before a closing bracket: remove it")]
    [InlineData("""[{"instruction": "a", "output": "b", "output": "c"}]""", "row 1: has the key output twice")]
    [InlineData("""{"instruction": "a", "output": "b", "extra": {"x": 1, "x": 2}}""", "row 1, line 1: has the key x twice")]
    [InlineData("id\tquestion\tanswer\n1\tHow many?\t3", "line 1: is a header (id, question, answer) that does not name")]
    [InlineData("a\tb\tc\nd\te\n", "row 2, line 2: has 2 columns, expected 3")]
    public void Read_BadFile_NamesFileRowAndMistake(string content, string mistake)
    {
        var error = Assert.Throws<DatasetException>(() => Read(content));

        Assert.Contains(mistake, error.Message, StringComparison.Ordinal);
        Assert.StartsWith(_folder["rows"], error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void Read_ManyBrokenLines_AreToldTogether()
    {
        var rows = Enumerable.Range(1, 1000).Select(i => i is 101 or 501 or 901 ? "{\"instruction\": \"cut" : $$"""{"instruction": "{{i}}", "output": "x"}""");

        var message = Assert.Throws<DatasetException>(() => Read(string.Join('\n', rows))).Message;

        foreach (var row in (int[])[101, 501, 901]) Assert.Contains($"row {row}, line {row}: is not one whole JSON object", message, StringComparison.Ordinal);
        Assert.Contains("3 rows are wrong", message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Theory]
    [InlineData("[7, 8, 9]", 3)]
    [InlineData("{\n{\n{", 3)]
    [InlineData("a\tb\tc\nd\ne\nf", 3)]
    public void Read_EveryForm_CollectsItsMistakes(string content, int count)
        => Assert.Contains($"{count} rows are wrong", Assert.Throws<DatasetException>(() => Read(content)).Message, StringComparison.Ordinal);

    [Fact]
    public void Read_MoreMistakesThanAnybodyReads_ShowsTenAndTheCount()
    {
        var message = Assert.Throws<DatasetException>(() => Read("[" + string.Join(',', Enumerable.Repeat("7", 25)) + "]")).Message;

        Assert.Contains("25 rows are wrong", message, StringComparison.Ordinal);
        Assert.Contains("row 10: is a number", message, StringComparison.Ordinal);
        Assert.DoesNotContain("row 11:", message, StringComparison.Ordinal);
        Assert.EndsWith("and 15 more", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_Latin1_IsRefusedInEveryForm()
    {
        foreach (var content in (string[])["[{\"instruction\": \"a\", \"output\": \"caf\u00e9\"}]", "{\"instruction\": \"a\", \"output\": \"b\", \"unused\": \"caf\u00e9\"}", "a\tcaf\u00e9\tc"])
        {
            File.WriteAllBytes(_folder["rows"], Encoding.Latin1.GetBytes(content));
            Assert.Contains("row 1", Assert.Throws<DatasetException>(() => RecordReader.Read(_folder["rows"]).ToList()).Message, StringComparison.Ordinal);
            Assert.Contains("not valid UTF-8", Assert.Throws<DatasetException>(() => RecordReader.Read(_folder["rows"]).ToList()).Message, StringComparison.Ordinal);
        }
    }

    /// <summary>Tables tell the row, as lines do.</summary>
    [Theory]
    [InlineData("rows.csv", "instruction,output\nadd,3\ntake,caf\u00e9\n")]
    [InlineData("rows.tsv", "instruction\toutput\nadd\t3\ntake\tcaf\u00e9")]
    public void Read_TableInLatin1_NamesTheLineAndTheEncoding(string name, string content)
    {
        File.WriteAllBytes(_folder[name], Encoding.Latin1.GetBytes(content));
        foreach (var read in (Func<int>[])[() => RecordReader.Read(_folder[name]).Count(), () => RowFile.Objects(_folder[name]).Count])
        {
            var message = Assert.Throws<DatasetException>(() => read()).Message;
            Assert.Contains(": row 2, line 3: is not valid UTF-8; it reads as Windows-1252", message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("rows.tsv", """[{"instruction": "a", "output": "b"}]""", "a file in JSON is named .json")]
    [InlineData("rows.csv", "instruction,output\n", "whose first line names the columns")]
    [InlineData("rows.json", "[]", "holds no rows")]
    public void Read_NoRows_SaysHowItWasRead(string name, string content, string says)
    {
        File.WriteAllText(_folder[name], content);
        Assert.Contains(says, Assert.Throws<DatasetException>(() => RecordReader.Read(_folder[name]).Count()).Message, StringComparison.Ordinal);
    }

    /// <summary>Rows in another encoding are told with the encoding that they seem to be in, row by row, and the rest is kept where that is asked for.</summary>
    [Theory]
    [InlineData("GB18030", "今天天气很好，我们去公园。")]
    [InlineData("shift_jis", "これはペンです。")]
    [InlineData("euc-kr", "안녕하세요")]
    [InlineData("windows-1251", "Привет, мир")]
    [InlineData("windows-1252", "naïve café")]
    [InlineData("GB18030", "他说：“你好！”——然后走了。")]
    public void Read_OtherEncodings_AreNamedWithTheirRows(string encoding, string text)
    {
        var other = CodePagesEncodingProvider.Instance.GetEncoding(encoding)!;
        byte[] Row(Encoding of) => of.GetBytes($"{{\"instruction\": \"a\", \"output\": \"{text}\"}}\n");
        File.WriteAllBytes(_folder["rows.jsonl"], [.. Row(Encoding.UTF8), .. Row(other), .. Row(Encoding.UTF8)]);
        var skipped = new List<string>();

        Assert.Equal([text, text], RecordReader.Read(_folder["rows.jsonl"], skipped: skipped.Add).Select(row => row.Output));
        Assert.StartsWith("rows.jsonl: row 2, line 2: is not valid UTF-8; it reads as ", Assert.Single(skipped), StringComparison.Ordinal);
        Assert.Contains($"(iconv -f {encoding} -t UTF-8)", skipped[0].Replace("Shift-JIS", "shift_jis", StringComparison.Ordinal), StringComparison.OrdinalIgnoreCase);
        Assert.Contains("row 2, line 2", Assert.Throws<DatasetException>(() => RecordReader.Read(_folder["rows.jsonl"]).Count()).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void OrderedParallel_AnyNumberOfThreads_ResultsInTheRowsOrder(int threads)
    {
        Assert.Equal(Enumerable.Range(1, 1000), OrderedParallel.Each(Enumerable.Range(0, 1000), _ => 1, row => row + 1, threads, CancellationToken.None));
        Assert.Throws<OperationCanceledException>(() => OrderedParallel.Each([1, 2], _ => 1, row => row, threads, new CancellationToken(canceled: true)).Count());
    }

    /// <summary>Many rows are parsed on all cores: their order, their numbers and the mistakes among them stay those of the file.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Read_ManyRows_KeepTheirOrderAndNumbers(bool lines)
    {
        var rows = Enumerable.Range(1, 3000).Select(i => i % 500 == 0 ? "{\"instruction\": 7}" : $"{{\"instruction\": \"{i}\", \"output\": \"x\"}}").ToList();
        File.WriteAllText(_folder["rows"], lines ? string.Join("\n\n", rows) : $"[{string.Join(",", rows)}]");
        var skipped = new List<string>();

        var read = RecordReader.Read(_folder["rows"], skipped: skipped.Add).ToList();

        Assert.Equal(Enumerable.Range(1, 3000).Where(i => i % 500 != 0), read.Select(row => row.Row));
        Assert.All(read, row => Assert.Equal(row.Row.ToString(System.Globalization.CultureInfo.InvariantCulture), row.Instruction));
        Assert.Equal([500, 1000, 1500, 2000, 2500, 3000], skipped.Select(place => int.Parse(place.Split("row ")[1].Split([',', ':'])[0], System.Globalization.CultureInfo.InvariantCulture)));
    }

    [Theory]
    [InlineData("\"question\"\t\"answer\"\t\"explanation\"\nHow many?\t3\tbecause 3")]
    [InlineData("question\tanswer\trationale\nHow many?\t3\tbecause 3")]
    [InlineData("\uFEFFQuestion\tRationale\tAnswer\r\nHow many?\tbecause 3\t3\r\n")]
    public void Read_TsvHeader_IsNoRowAndToldOf(string content)
    {
        File.WriteAllText(_folder["rows.tsv"], content);
        var remarks = new List<string>();

        var record = Assert.Single(RecordReader.Read(_folder["rows.tsv"], remark: remarks.Add));

        Assert.Equal(("How many?", "3", "because 3", 1), (record.Instruction, record.Answer, record.Rationale, record.Row));
        Assert.Contains("is a header", Assert.Single(remarks), StringComparison.Ordinal);
    }

    [Fact]
    public void Read_MissingFile_SaysSo()
        => Assert.Equal($"{_folder["none"]}: no such file", Assert.Throws<DatasetException>(() => RecordReader.Read(_folder["none"]).ToList()).Message);

    [Fact]
    public void Read_InvalidUtf8_NamesTheLine()
    {
        File.WriteAllBytes(_folder["rows"], [.. "a\tb\tc\nd\te\t"u8, 0xFF, 0xFE]);

        Assert.Contains("row 2, line 2: is not valid UTF-8", Assert.Throws<DatasetException>(() => RecordReader.Read(_folder["rows"]).ToList()).Message, StringComparison.Ordinal);
    }

    private List<Conversation> Read(string content, string name = "rows")
    {
        File.WriteAllText(_folder[name], content);
        return [.. RecordReader.Read(_folder[name])];
    }
}
