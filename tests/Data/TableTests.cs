using System.Text.Json;
using AlpacaCot.Data.Catalogue;
using AlpacaCot.Data.Preparation;
using AlpacaCot.Data.Tables;
using AlpacaCot.Data.Templates;
using AlpacaCot.Specs;
using AlpacaCot.Tests;

namespace AlpacaCot.Data.Tests;

/// <summary>Tables: how they are written, how the sets' files are read, what is asked about them.</summary>
public sealed class TableTests : IDisposable
{
    private static readonly DataTable _plain = DataTable.Of([["Year", "Fuel | oil"], ["2018", "$9,307"], ["2017", ""]], title: "Costs");

    private static readonly DataTable _merged = new(
    [
        [new("", RowSpan: 2), new("December 31,", ColumnSpan: 2)],
        [new("2018"), new("2017")],
        [new("Seats & miles"), new("67"), new("66")],
    ], HeaderRows: 2, HeaderColumns: 1);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Write_EveryForm_IsAsDocumented()
    {
        Assert.Equal("| Year | Fuel \\| oil |\n| --- | --- |\n| 2018 | $9,307 |\n| 2017 |  |", TableText.Write(_plain, TableForm.Markdown));
        Assert.Equal("[HEAD] Year | Fuel | oil [ROW] 1 : 2018 | $9,307 [ROW] 2 : 2017 | ", TableText.Write(_plain, TableForm.Flat));
        Assert.Equal("<table>\n<tr><th>Year</th><th>Fuel | oil</th></tr>\n<tr><td>2018</td><td>$9,307</td></tr>\n<tr><td>2017</td><td></td></tr>\n</table>", TableText.Write(_plain, TableForm.Html));
        Assert.Equal("\\begin{tabular}{ll}\n\\hline\nYear & Fuel | oil \\\\\n\\hline\n2018 & \\$9,307 \\\\\n2017 &  \\\\\n\\hline\n\\end{tabular}", TableText.Write(_plain, TableForm.Latex));
    }

    [Theory]
    [InlineData(TableForm.Markdown)]
    [InlineData(TableForm.Flat)]
    [InlineData(TableForm.Html)]
    public void Write_MergedCells_ForceHtml(TableForm form)
        => Assert.Equal(
            "<table>\n<tr><th rowspan=\"2\"></th><th colspan=\"2\">December 31,</th></tr>\n<tr><th>2018</th><th>2017</th></tr>\n<tr><th>Seats &amp; miles</th><td>67</td><td>66</td></tr>\n</table>",
            TableText.Write(_merged, form));

    [Fact]
    public void Write_MergedCells_RepeatedOrInLatex()
    {
        Assert.Equal("|  | December 31, | December 31, |\n| --- | --- | --- |\n|  | 2018 | 2017 |\n| Seats & miles | 67 | 66 |", TableText.Write(_merged, TableForm.Markdown, repeatMerged: true));
        Assert.Contains("\\multicolumn{2}{l}{December 31,} \\\\\n", TableText.Write(_merged, TableForm.Latex), StringComparison.Ordinal);
        Assert.Contains("Seats \\& miles & 67 & 66 \\\\\n", TableText.Write(_merged, TableForm.Latex), StringComparison.Ordinal);
        Assert.Equal((TableKind.Vertical, TableKind.Hierarchical), (_plain.Kind, _merged.Kind));
    }

    [Fact]
    public void Read_WikiTableQuestions_HasTheQuestionsWhoseTablesAreThere()
    {
        var remarks = new List<string>();
        var questions = TableFiles.Read(RealData.File("tables/wikitablequestions/training.tsv"), remarks.Add).ToList();

        Assert.Equal(2479, questions.Count);
        Assert.Equal(["training.tsv: 11673 of 14152 questions name tables that are not there and are left out"], remarks);
        Assert.Equal(263, TableFiles.Needed(RealData.File("tables/wikitablequestions/training.tsv")).Count);
        Assert.Equal(6330, questions.Select(question => question.Table).Distinct(ReferenceEqualityComparer.Instance).Sum(table => ((DataTable)table!).Rows.Count - 1));
        Assert.All(questions, question => Assert.True(question.Table.Rows.All(row => row.Count == question.Table.Rows[0].Count), question.Text));
        Assert.Equal("what was the last year where this team was a part of the usl a-league?", questions[0].Text);
        Assert.Equal(["2004"], questions[0].Answers);
    }

    [Fact]
    public void Read_AitQa_HasEveryQuestionAndItsMergedHeaders()
    {
        var questions = TableFiles.Read(RealData.File("tables/aitqa/aitqa_questions.jsonl")).ToList();

        Assert.Equal(515, questions.Count);
        Assert.Contains(questions, question => question.Table.HasMergedCells);
        foreach (var table in questions.Select(question => question.Table).Distinct(ReferenceEqualityComparer.Instance).Cast<DataTable>())
        {
            var width = table.Grid()[0].Count;
            Assert.Equal(width * table.Rows.Count, table.Places().Count);
            Assert.DoesNotContain("[HEAD]", TableText.Write(table, table.HasMergedCells ? TableForm.Flat : TableForm.Html), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Read_TabMwp_HasEveryProblemWithItsWorking()
    {
        var questions = TableFiles.Read(RealData.File("tables/tabmwp/problems_dev1k.json")).ToList();

        Assert.Equal(1000, questions.Count);
        Assert.All(questions, question => Assert.True(question.Working?.Length > 0 && question.Table.Rows.Count > 0));
        Assert.Equal(["nonlinear"], questions[0].Answers);
        Assert.Equal(["linear", "nonlinear"], questions[0].Choices);
    }

    [Fact]
    public void Read_TabFactStyle_TakesListsAndItsOwnText()
    {
        File.WriteAllText(_folder["facts.jsonl"], """
            {"table": [["a", "b"], ["1", 2]], "statement": "a is 1", "label": 1, "title": "T"}
            {"table_text": "a#b\n1#2\n", "statement": "b is 1", "label": "refuted", "table_caption": "T"}
            """);
        var questions = TableFiles.Read(_folder["facts.jsonl"]).ToList();

        Assert.Equal([["True"], ["False"]], questions.Select(question => question.Answers));
        Assert.Equal(TableText.Write(questions[0].Table, TableForm.Html), TableText.Write(questions[1].Table, TableForm.Html));
        var record = TableTasks.Record(questions[0], new TableOptions(), "facts.jsonl");
        Assert.Equal("Table:\n| a | b |\n| --- | --- |\n| 1 | 2 |\nTable title:\nT\nStatement:\na is 1", record.Input);
        Assert.Equal(("True", "True"), (record.Output, record.Answer));
    }

    [Fact]
    public void Record_EveryTask_AsksAndAnswers()
    {
        var question = new TableQuestion(_plain, "When?", ["2018", "2017"], TableTask.Questions, 1);
        InstructionRecord Of(TableTask? task) => TableTasks.Record(question, new TableOptions { Task = task }, "s");

        Assert.EndsWith("\nTable title:\nCosts\nQuestion:\nWhen?", Of(null).Input, StringComparison.Ordinal);
        Assert.Equal("2018 | 2017", Of(null).Output);
        Assert.Equal("Costs:\nYear is 2018; Fuel | oil is $9,307.\nYear is 2017.", Of(TableTask.TableToText).Output);
        Assert.Equal((TableText.Write(_plain, TableForm.Markdown), true), (Of(TableTask.TextToTable).Output, Of(TableTask.TextToTable).Input.Contains("Year is 2018", StringComparison.Ordinal)));
        Assert.Equal("For Seats & miles, December 31,, 2018 is 67; December 31,, 2017 is 66.", TableTasks.Described(_merged));
    }

    [Theory]
    [InlineData("{\"question\": \"q\", \"answer\": \"a\"}", "has no table")]
    [InlineData("{\"table\": [[\"a\"]], \"statement\": \"s\", \"label\": \"perhaps\"}", "label is 'perhaps'")]
    [InlineData("{\"table\": [\"a\"], \"question\": \"q\", \"answer\": \"a\"}", "a row of the table is no list")]
    public void Read_WrongRows_AreToldInOneLine(string row, string mistake)
    {
        File.WriteAllText(_folder["rows.jsonl"], row);

        Assert.Contains(mistake, Assert.Throws<DatasetException>(() => TableFiles.Read(_folder["rows.jsonl"]).ToList()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Prepare_TablesAsASource_TeachesThemAndTheirTablesAreInTheKey()
    {
        Directory.CreateDirectory(_folder["csv"]);
        File.WriteAllText(_folder["training.tsv"], "id\tutterance\tcontext\ttargetValue\nnt-0\twhich?\tcsv/t.csv\tx|y\n");
        File.WriteAllText(_folder["csv/t.csv"], "\"a\"\n\"say \\\"x\\\"\"\n");
        PreparedData Prepared() => new DataPreparation(new DatasetCatalogue()).Prepare(
            new DataSpec { Sources = [new() { Path = _folder["training.tsv"], Tables = new() }] }, new ByteTokenizer(), PromptTemplates.Plain, 1024, 0);
        var before = Prepared();

        Assert.Contains("| say \"x\" |", new ByteTokenizer().Decode(before.Examples[0].Ids), StringComparison.Ordinal);
        File.WriteAllText(_folder["csv/t.csv"], "\"a\"\n\"z\"\n");
        Assert.NotEqual(before.Key, Prepared().Key);
    }

    /// <summary>A merged cell covers each of its places once, whatever the spans.</summary>
    [PropertyTest(200)]
    public bool Grid_AnySpans_IsRectangular(byte[] spans)
    {
        var rows = spans.Chunk(3).Select(row => (IReadOnlyList<TableCell>)[.. row.Select(b => new TableCell($"{b}", 1 + b % 3, 1 + b / 3 % 3))]).ToList();
        var grid = new DataTable(rows, 1).Grid();
        return grid.Count == rows.Count && grid.All(row => row.Count == grid[0].Count);
    }

    [PropertyTest(200)]
    public bool Normalise_AnyText_IsAFixedPointOfItsMatch(string? text) => Denotation.Equal([Denotation.Value(text ?? "")], [Denotation.Value(text ?? "")]);
}

/// <summary>Denotations as WikiTableQuestions' official evaluator compares them.</summary>
[Trait("Category", "Golden")]
public sealed class DenotationGoldenTests
{
    public static IEnumerable<object[]> Cases => Golden.Folders("metrics").Where(row => row[0] is not string folder || folder.StartsWith('(') || File.Exists(Path.Combine(Golden.Root!, folder, "tsv.jsonl")));

    [Theory]
    [MemberData(nameof(Cases))]
    public void Denotations_EveryCase_AreThoseOfTheEvaluator(string folder)
    {
        var golden = Golden.Open(folder);
        var wrong = new List<string>();
        foreach (var row in Lines(golden, "normalise.jsonl"))
            if (Denotation.Normalise(Text(row, "text")) != Text(row, "normalised")) wrong.Add($"{row} → {Denotation.Normalise(Text(row, "text"))}");
        foreach (var row in Lines(golden, "tsv.jsonl"))
            if (!Denotation.Items(Text(row, "text")).SequenceEqual(Texts(row, "items"))) wrong.Add(row.ToString());
        foreach (var row in Lines(golden, "pairs.jsonl"))
        {
            var canon = row.TryGetProperty("canon", out var given) ? given.EnumerateArray().Select(value => value.GetString()).ToList() : null;
            var targets = Texts(row, "target").Select((text, i) => Denotation.Value(text, canon?[i])).ToList();
            var predicted = Texts(row, "predicted").Select(text => Denotation.Value(text)).ToList();
            if (Denotation.Equal(targets, predicted) != row.GetProperty("correct").GetBoolean()) wrong.Add($"verdict: {row}");
            if (!row.GetProperty("distinct").EnumerateArray().Select(size => size.GetInt32()).SequenceEqual([Denotation.Distinct(targets).Count, Denotation.Distinct(predicted).Count])) wrong.Add($"distinct: {row}");
            Values(row, "target_values", targets);
            Values(row, "predicted_values", predicted);
        }
        Assert.True(wrong.Count == 0, $"{wrong.Count} differ: {string.Join('\n', wrong.Take(10))}");

        void Values(JsonElement row, string name, List<DenotationValue> values)
        {
            foreach (var (expected, value) in row.GetProperty(name).EnumerateArray().Zip(values))
                if (Text(expected, "normalised") != value.Normalised || Text(expected, "type") != (value.Number is not null ? "number" : value.Date is not null ? "date" : "string")) wrong.Add($"{name}: {row} → {value}");
        }
    }

    private static IEnumerable<JsonElement> Lines(GoldenCase golden, string file) => File.ReadLines(golden.File(file)).Where(line => line.Length > 0).Select(line => JsonDocument.Parse(line).RootElement);

    private static string Text(JsonElement row, string name) => row.GetProperty(name).GetString()!;

    private static IEnumerable<string> Texts(JsonElement row, string name) => row.GetProperty(name).EnumerateArray().Select(item => item.GetString()!);
}
