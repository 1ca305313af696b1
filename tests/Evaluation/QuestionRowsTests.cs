using System.Text;
using System.Text.Json.Nodes;
using AlpacaCot.Evaluation.Harness;
using AlpacaCot.Evaluation.Suites;
using AlpacaCot.Specs.Suites;

namespace AlpacaCot.Evaluation.Tests;

/// <summary>Rows of questions come from strangers: what cannot be asked or scored is refused with its row before anything is asked.</summary>
public sealed class QuestionRowsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("""{"question": "a", "answer": ""}""", "final", "row 1, line 1: 'answer' is empty")]
    [InlineData("""{"question": "a", "answer": "  "}""", "none", "row 1, line 1: 'answer' is empty")]
    [InlineData("""{"question": "a", "answer": null}""", "final", "row 1, line 1: 'answer' is empty")]
    [InlineData("""{"question": "a", "answer": "."}""", "final", "row 1, line 1: nothing is left of the answer \".\"")]
    [InlineData("""{"question": "a", "answer": "****"}""", "last_number", "row 1, line 1: the answer \"****\" has no number")]
    [InlineData("""{"question": "a", "answer": "Paris"}""", "last_number", "row 1, line 1: the answer \"Paris\" has no number")]
    [InlineData("""{"question": "a", "answer": ["18", "18.0"]}""", "final", "row 1, line 1: 'answer' is a list")]
    [InlineData("""{"question": "a", "answer": {"value": 18}}""", "final", "row 1, line 1: 'answer' is an object")]
    [InlineData("""{"question": "a", "answer": true}""", "final", "row 1, line 1: 'answer' is true")]
    [InlineData("""{"question": "a", "answer": 1e999}""", "final", "row 1, line 1: answer is a number beyond")]
    [InlineData("""{"question": "", "answer": "x"}""", "final", "row 1, line 1: 'question' is empty")]
    [InlineData("""{"question": "a", "reply": "x"}""", "final", "row 1, line 1: has no 'answer'; it has question, reply")]
    [InlineData("""{"question": "a", "answer": "x", "answer": "y"}""", "final", "row 1, line 1: has the key answer twice")]
    [InlineData("""{"question": "a", "answer": "half \ud83d"}""", "final", "row 1, line 1: answer is not valid text")]
    [InlineData("""["a", "b"]""", "final", "row 1: is a text, expected an object")]
    [InlineData("""[{"question": "a", "answer": "x"},]""", "final", "row 2, line 1: is not valid JSON: a comma stands before a closing bracket")]
    [InlineData("", "final", "is empty")]
    [InlineData("[]", "final", "holds no rows")]
    [InlineData("question,answer\na,b\n", "final", "is neither a JSON array, JSON lines, Parquet, Arrow nor a .csv file")]
    public void ExactMatch_RowThatCannotBeScored_IsRefusedWithItsPlace(string content, string extract, string mistake)
    {
        File.WriteAllText(_folder["q.jsonl"], content);

        var message = Refused($$"""{"suite": "exact-match", "file": "q.jsonl", "extract": "{{extract}}"}""");

        Assert.Contains(mistake, message, StringComparison.Ordinal);
        Assert.Contains("q.jsonl", message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void ExactMatch_ManyRowsWithoutNumber_AreToldTogether()
    {
        File.WriteAllLines(_folder["q.jsonl"], Enumerable.Range(1, 30).Select(i => $$"""{"question": "{{i}}", "answer": "{{(i % 2 == 0 ? "4" : "Paris")}}"}"""));

        var message = Refused("""{"suite": "exact-match", "file": "q.jsonl", "extract": "last_number"}""");

        Assert.Contains("15 rows are wrong: row 1, line 1", message, StringComparison.Ordinal);
        Assert.EndsWith("and 5 more", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"ignore_numbers": true}""", "18")]
    [InlineData("""{"ignore_punctuation": true, "extract": "none"}""", "?!")]
    [InlineData("""{"regexes_to_ignore": [".*"]}""", "Paris")]
    [InlineData("""{"regexes_to_ignore": ["#.*"], "filter_list": [{"name": "f", "filter": [{"function": "take_first"}]}]}""", "#### 18")]
    [InlineData("""{"filter_list": [{"name": "f", "filter": [{"function": "regex"}]}]}""", "[invalid]")]
    public void ExactMatch_OptionsThatLeaveNothingToCompare_AreRefused(string options, string answer)
    {
        File.WriteAllText(_folder["q.jsonl"], new JsonObject { ["question"] = "a", ["answer"] = answer }.ToJsonString());
        var declaration = JsonNode.Parse(options)!.AsObject();
        (declaration["suite"], declaration["file"]) = ("exact-match", "q.jsonl");

        Assert.Contains("row 1, line 1: ", Refused(declaration.ToJsonString()), StringComparison.Ordinal);
    }

    [Fact]
    public void Files_ArrayInJsonLinesNameAndByteOrderMark_AreRead()
    {
        File.WriteAllText(_folder["array.jsonl"], """[{"question": "a", "answer": "x"}]""", new UTF8Encoding(true));
        File.WriteAllText(_folder["lines.json"], "{\"question\": \"a\", \"answer\": 7}\r\n", Encoding.Unicode);
        File.WriteAllText(_folder["t.csv"], "Question,A,B,Answer\r\n\"a, b\",one,two,B\r\n", new UTF8Encoding(true));

        Assert.Equal("x", Assert.Single(Create("""{"suite": "exact-match", "file": "array.jsonl"}""").Items).Target);
        Assert.Equal("7", Assert.Single(Create("""{"suite": "exact-match", "file": "lines.json"}""").Items).Target);
        Assert.Equal("1", Assert.Single(Create("""{"suite": "multiple-choice", "file": "t.csv", "choices": ["A", "B"]}""").Items).Target);
    }

    [Theory]
    [InlineData("q.jsonl", """{"question": "café", "answer": "crème"}""", """{"suite": "exact-match", "file": "q.jsonl"}""")]
    [InlineData("q.json", """[{"question": "café", "answer": "crème"}]""", """{"suite": "exact-match", "file": "q.json"}""")]
    [InlineData("q.csv", "Question,A,B,Answer\ncafé,one,two,B", """{"suite": "multiple-choice", "file": "q.csv", "choices": ["A", "B"]}""")]
    [InlineData("q.txt", "café", """{"suite": "perplexity", "file": "q.txt"}""")]
    public void Files_Latin1_IsRefused(string name, string content, string declaration)
    {
        File.WriteAllBytes(_folder[name], Encoding.Latin1.GetBytes(content));

        Assert.Contains("not valid UTF-8", Refused(declaration), StringComparison.Ordinal);
    }

    [Fact]
    public void Csv_NumbersTooLongForANumber_KeepTheirDigits()
    {
        File.WriteAllText(_folder["q.csv"], "Question,A,B,Answer\na,12345678901234567890,1,A\nb,2,3.50,A\n");

        var doc = Create("""{"suite": "multiple-choice", "file": "q.csv", "choices": ["A", "B"]}""").Items[0].Doc;

        Assert.Equal("12345678901234567890", doc["A"]!.ToString());
        Assert.Equal(1.0, doc["B"]!.GetValue<double>());
    }

    [Theory]
    [InlineData("Question,A,B,Answer\na,one,two\n", "row 1, line 2: has 3 fields, the header 4")]
    [InlineData("Question,A,A,Answer\na,one,two,A\n", "names the column A twice")]
    [InlineData("Question,A,B,Answer\n\"a,one,two,B\n", "line 2: a quoted field is not closed")]
    public void Csv_Broken_IsRefused(string content, string mistake)
    {
        File.WriteAllText(_folder["q.csv"], content);

        Assert.Contains(mistake, Refused("""{"suite": "multiple-choice", "file": "q.csv", "choices": ["A", "B"]}"""), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("q.txt", "")]
    [InlineData("q.txt", " \n ")]
    [InlineData("q.jsonl", "{\"text\": \"\"}")]
    [InlineData("q.jsonl", "{\"text\": \" \"}")]
    public void Perplexity_NoText_IsRefused(string name, string content)
    {
        File.WriteAllText(_folder[name], content);

        Assert.Contains(name, Refused($$"""{"suite": "perplexity", "file": "{{name}}"}"""), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"suite": "exact-match", "file": "q.jsonl", "filter_list": [{"name": "f", "filter": [{"function": "nope"}]}]}""", "unknown filter function 'nope'")]
    [InlineData("""{"suite": "exact-match", "file": "q.jsonl", "filter_list": [{"name": "f", "filter": [{"function": "regex", "regex_pattern": "("}]}]}""", "'(' is no regular expression: a bracket ( is not closed")]
    [InlineData("""{"suite": "exact-match", "file": "q.jsonl", "filter_list": [{"name": "f", "filter": [{"function": "multi_choice_regex", "regexes_to_ignore": ["["]}]}]}""", "'[' is no regular expression")]
    [InlineData("""{"suite": "exact-match", "file": "q.jsonl", "filter_list": [{"name": "f", "filter": [{"function": "multi_choice_regex"}]}]}""", "a row has no 'choices'")]
    [InlineData("""{"suite": "exact-match", "file": "q.jsonl", "filter_list": [{"name": "f", "filter": [{"function": "regex", "group_select": "last"}]}]}""", "'group_select' is \"last\", expected a whole number")]
    [InlineData("""{"suite": "exact-match", "file": "q.jsonl", "filter_list": [{"name": "f", "filter": [{"function": "take_first_k"}]}]}""", "'k' is missing, expected 1 or more")]
    [InlineData("""{"suite": "exact-match", "file": "q.jsonl", "filter_list": [{"name": "f", "filter": [{"function": "map"}]}]}""", "'mapping_dict' is missing")]
    [InlineData("""{"suite": "exact-match", "file": "q.jsonl", "filter_list": [{"name": "f", "filter": ["regex"]}]}""", "expected an object with 'function'")]
    [InlineData("""{"suite": "exact-match", "file": "q.jsonl", "filter_list": [{"name": 3, "filter": []}]}""", "each pipeline needs a name")]
    [InlineData("""{"suite": "exact-match", "file": "q.jsonl", "filter_list": [{"name": "f", "filter": []}]}""", "needs a list 'filter'")]
    [InlineData("""{"suite": "exact-match", "file": "q.jsonl", "filter_list": ["f"]}""", "each pipeline needs a name")]
    [InlineData("""{"suite": "exact-match", "file": "q.jsonl", "filter_list": [{"name": "f", "filter": [{"function": "lowercase"}]}, {"name": "f", "filter": [{"function": "uppercase"}]}]}""", "two pipelines are called 'f'")]
    [InlineData("""{"suite": "exact-match", "file": "q.jsonl", "regexes_to_ignore": ["*"]}""", "option regexes_to_ignore: '*' is no regular expression: nothing stands before")]
    [InlineData("""{"suite": "exact-match", "file": "q.jsonl", "regexes_to_ignore": [null]}""", "is not of the right type")]
    [InlineData("""{"suite": "exact-match", "file": "q.jsonl", "limit": 0}""", "option limit: 0 is not at least 1")]
    [InlineData("""{"suite": "multiple-choice", "file": "q.jsonl", "choices": ["A"]}""", "option choices: names 1 columns")]
    public void Create_WrongOption_IsToldBeforeAnythingIsAsked(string declaration, string mistake)
    {
        File.WriteAllText(_folder["q.jsonl"], """{"question": "a", "answer": "x"}""");

        var message = Refused(declaration);

        Assert.Contains(mistake, message, StringComparison.Ordinal);
        Assert.DoesNotContain("Invalid pattern", message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void Patterns_PythonsNamedGroups_AreRead()
        => Assert.Equal(["18"], ResponseFilters.Compile([new FilterStep { Function = "regex", RegexPattern = "is (?P<number>[0-9]+)(?P=number)?" }]).Apply(["it is 18"]));

    [Fact]
    public void Patterns_ExponentialOnAText_AreRefused()
    {
        File.WriteAllText(_folder["q.jsonl"], $$"""{"question": "a", "answer": "{{new string('a', 40)}}b"}""");

        // A reference to a group needs backtracking.
        Assert.Contains("takes more than 1 s", Refused("""{"suite": "exact-match", "file": "q.jsonl", "regexes_to_ignore": ["^(a+)+\\1$"]}"""), StringComparison.Ordinal);
    }

    [Fact]
    public void Patterns_ExponentialWithManyRows_EndWithTheFirst()
    {
        File.WriteAllLines(_folder["q.jsonl"], Enumerable.Range(0, 1000).Select(i => $$"""{"question": "q{{i}}", "answer": "{{new string('a', 40)}}b"}"""));
        var watch = System.Diagnostics.Stopwatch.StartNew();

        Refused("""{"suite": "exact-match", "file": "q.jsonl", "regexes_to_ignore": ["^(a+)+\\1$"]}""");

        Assert.InRange(watch.Elapsed.TotalSeconds, 0, 60);
    }

    [Fact]
    public void Patterns_RepetitionsOfRepetitions_TakeTheTextsLength()
    {
        File.WriteAllText(_folder["q.jsonl"], $$"""{"question": "a", "answer": "{{new string('a', 40)}}b"}""");

        Assert.Single(Create("""{"suite": "exact-match", "file": "q.jsonl", "regexes_to_ignore": ["^(a+)+$"]}""").Items);
    }

    private string Refused(string declaration) => Assert.Throws<EvaluationException>(() => Create(declaration)).Message;

    private ISuite Create(string declaration) => Declared.Suite(declaration, _folder.Path);
}
