using System.Diagnostics;
using System.Text;
using AlpacaCot.Data.Importing;
using AlpacaCot.Data.Templates;
using AlpacaCot.Tests;

namespace AlpacaCot.Data.Tests;

/// <summary>Rows without measure: no line and no row grows without bound, and no answer takes the square of its length.</summary>
public sealed class HostileRowsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("{\"instruction\":\"a\",\"output\":\"", "row 1, line 1: is longer than 16777216 bytes")]
    [InlineData("[{\"instruction\":\"a\",\"output\":\"", "row 1, line 1: is longer than 16777216 bytes")]
    [InlineData("a\tb\tc\nd\te\t", "row 2, line 2: is longer than 16777216 bytes")]
    public void Read_RowLongerThanAnyContext_Refused(string beginning, string says)
    {
        File.WriteAllText(_folder["rows"], beginning + new string('x', 40 << 20));
        Assert.Contains(says, Assert.Throws<DatasetException>(() => RecordReader.Read(_folder["rows"]).Count()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_LongLineAmongOthers_IsToldAndTheRestKept()
    {
        using (var file = File.Create(_folder["rows.jsonl"]))
        {
            file.Write("{\"instruction\":\"a\",\"output\":\"b\"}\n"u8);
            var chunk = new byte[1 << 20];
            Array.Fill(chunk, (byte)'x');
            for (var i = 0; i < 40; i++) file.Write(chunk);
            file.Write("\n{\"instruction\":\"c\",\"output\":\"d\"}\n"u8);
        }
        var skipped = new List<string>();

        Assert.Equal(["a", "c"], RecordReader.Read(_folder["rows.jsonl"], skipped: skipped.Add).Select(row => row.Instruction));
        Assert.Equal(["rows.jsonl: row 2, line 2: is longer than 16777216 bytes"], skipped);
    }

    /// <summary>A row of 100 MB in every form: it is told with its place, and those around it are kept.</summary>
    [Theory]
    [InlineData("rows.jsonl", "{\"instruction\":\"a\",\"output\":\"b\"}\n{\"instruction\":\"", "\",\"output\":\"d\"}\n{\"instruction\":\"e\",\"output\":\"f\"}\n", 2)]
    [InlineData("rows.json", "[{\"instruction\":\"a\",\"output\":\"b\"},\n{\"x\":[\"]}\\\"\"],\"instruction\":\"", "\",\"output\":\"d\"}\n ,\n{\"instruction\":\"e\",\"output\":\"f\"}]", 2)]
    [InlineData("first.json", "[\n{\"instruction\":\"", "\",\"output\":\"d\"} , {\"instruction\":\"e\",\"output\":\"f\"}]", 2)]
    [InlineData("rows.csv", "instruction,output\na,b\n\"", "\nx\",d\ne,f\n", 3)]
    [InlineData("cot.tsv", "a\tb\tx\nc\td\t", "\ne\tf\tx\n", 2)]
    public void Read_RowOfAHundredMegabytes_IsToldAndTheRestKept(string name, string before, string after, int line)
    {
        using (var file = File.Create(_folder[name]))
        {
            file.Write(Encoding.UTF8.GetBytes(before));
            var chunk = new byte[1 << 20];
            Array.Fill(chunk, (byte)'x');
            for (var i = 0; i < 100; i++) file.Write(chunk);
            file.Write(Encoding.UTF8.GetBytes(after));
        }
        var skipped = new List<string>();

        Assert.Equal(name == "first.json" ? ["e"] : ["a", "e"], RecordReader.Read(_folder[name], skipped: skipped.Add).Select(row => row.Instruction));

        Assert.Equal([$"{name}: row {(name == "first.json" ? 1 : 2)}, line {line}: is longer than 16777216 bytes"], skipped);
    }

    [Fact]
    public void Read_MistakeAfterALongRow_IsToldWithItsLine()
    {
        File.WriteAllText(_folder["rows.json"], "[\n{\"instruction\":\"a\",\n\"output\":\"" + new string('x', 20 << 20) + "\"},\n{\"instruction\": nope}]");
        var skipped = new List<string>();
        Assert.Empty(RecordReader.Read(_folder["rows.json"], skipped: skipped.Add));
        Assert.Equal(2, skipped.Count);
        Assert.StartsWith("rows.json: row 2, line 4: is not valid JSON", skipped[1], StringComparison.Ordinal);
    }

    [Fact]
    public void Read_TableWhoseQuoteNeverCloses_IsRefusedBeforeItFillsTheMemory()
    {
        File.WriteAllText(_folder["t.csv"], "instruction,output\na,\"b" + new string('x', 40 << 20));
        Assert.Contains("is longer than", Assert.Throws<DatasetException>(() => RecordReader.Read(_folder["t.csv"]).Count()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_LongRowInUtf16_TakesTheTextsLength()
    {
        File.WriteAllText(_folder["rows"], $$"""[{"instruction":"a","output":"{{new string('x', 4 << 20)}}"}]""", Encoding.Unicode);
        var watch = Stopwatch.StartNew();
        Assert.Equal(4 << 20, Assert.Single(RecordReader.Read(_folder["rows"])).Output.Length);
        Assert.InRange(watch.Elapsed.TotalSeconds, 0, 60);
    }

    [Theory]
    [InlineData("{\"instruction\":\"a\",\"output\":\"b\",\"x\":1e999}", "row 1, line 1: x is a number beyond what can be held")]
    [InlineData("{\"instruction\":\"a\",\"output\":\"b\",\"x\":[\"\\ud800\"]}", "row 1, line 1: x is not valid text")]
    [InlineData("{\"instruction\":\"a\",\"\\udc00\":\"b\"}", "row 1, line 1: a key is not valid text")]
    [InlineData("[{\"instruction\":\"a\",\"output\":\"b\",\"x\":{\"y\":1,\"y\":2}}]", "row 1: has the key y twice")]
    public void Read_ValuesThatNoTextHolds_RefusedByEveryReader(string rows, string says)
    {
        File.WriteAllText(_folder["rows"], rows);
        Assert.Contains(says, Assert.Throws<DatasetException>(() => RecordReader.Read(_folder["rows"]).Count()).Message, StringComparison.Ordinal);
        Assert.Contains(says, Assert.Throws<DatasetException>(() => RowFile.Objects(_folder["rows"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_PipeInTheFilesPlace_RefusedAtOnce()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "pipes are told apart on Linux");
        using (var made = Process.Start("mkfifo", _folder["rows"])) made.WaitForExit();
        Assert.Contains("it is a pipe, not a file", Assert.Throws<DatasetException>(() => RecordReader.Read(_folder["rows"]).Count()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Stream_Rows_ComeBeforeTheFileHasBeenReadToItsEnd()
    {
        File.WriteAllText(_folder["rows.jsonl"], string.Concat(Enumerable.Repeat("{\"a\": 1}\n", 100_000)) + "no JSON\n");
        Assert.Equal("row 1, line 1", RowFile.Stream(_folder["rows.jsonl"]).First().Place);
        Assert.Contains("row 100001", Assert.Throws<DatasetException>(() => RowFile.Stream(_folder["rows.jsonl"]).Count()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Objects_TableLargerThanItsLimit_RefusedWithoutReadingIt()
    {
        using (var file = File.Create(_folder["t.csv"])) file.SetLength(1L << 33);
        Assert.Contains("write large tables as JSON lines", Assert.Throws<DatasetException>(() => RowFile.Objects(_folder["t.csv"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void FromJson_WrongValues_RefusedInOurWords()
    {
        foreach (var (json, says) in (IEnumerable<(string, string)>)
            [
                ("""{"prompt_input": 7}""", "the value of prompt_input is not a text"), ("[]", "t.json"), ("null", "t.json"), ("""{"prompt_input":"a","prompt_input":"b"}""", "has the key prompt_input twice"),
            ])
        {
            var message = Assert.Throws<DatasetException>(() => TemplateFile.FromJson(json, "t.json")).Message;
            Assert.Contains(says, message, StringComparison.Ordinal);
            Assert.DoesNotContain("System.", message, StringComparison.Ordinal);
        }
    }

    public static TheoryData<string> Runs => ["1", " ", "\\boxed{", "1 ", "111 ", "1,111", "-", "\\(", "{", "**", "answer is ", "#### ", "1/", "1e", "½", "\\frac", "\n", "a "];

    [Theory]
    [MemberData(nameof(Runs))]
    public void Answers_LongRunsOfAnything_TakeTheTextsLength(string part)
    {
        var run = string.Concat(Enumerable.Repeat(part, 100_000 / part.Length));
        var watch = Stopwatch.StartNew();
        foreach (var text in (string[])[run, run + "x", "1/" + run + "/1", "The answer is" + run, "1" + run + "\\frac12", "\\boxed{1}" + run])
        {
            AnswerExtraction.Normalise(AnswerExtraction.FinalAnswer(text));
            AnswerExtraction.LastNumber(text);
        }
        Assert.InRange(watch.Elapsed.TotalSeconds, 0, 60);
    }
}
