using AlpacaCot.Evaluation.Suites;

namespace AlpacaCot.Evaluation.Tests;

public sealed class GoldChoiceTests
{
    private static readonly string[] _words = ["one", "two", "three", "four"];

    [Theory]
    [InlineData("B", 1)]
    [InlineData("b", 1)]
    [InlineData(" B ", 1)]
    [InlineData("(B)", 1)]
    [InlineData("B.", 1)]
    [InlineData("b)", 1)]
    [InlineData("（Ｂ）", 1)]
    [InlineData("0", 0)]
    [InlineData("3", 3)]
    [InlineData("two", 1)]
    [InlineData(" two", 1)]
    public void Find_AnswerInAnyForm_IsTheOption(string answer, int option) => Assert.Equal(option, new GoldChoice("any").Find(answer, _words));

    [Theory]
    [InlineData("4")]
    [InlineData("-1")]
    [InlineData("E")]
    [InlineData("BC")]
    [InlineData("five")]
    public void Find_NoOption_SaysThatNumbersCountFromZero(string answer)
    {
        var message = Assert.Throws<RowException>(() => new GoldChoice("any").Find(answer, _words)).Message;

        Assert.Contains($"\"{answer}\"", message, StringComparison.Ordinal);
        Assert.Contains("numbers count from 0", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("2", new[] { "1", "2", "3", "4" }, "number", 2, 1)]
    [InlineData("A", new[] { "C", "A", "B", "D" }, "letter", 0, 1)]
    public void Find_LetterOrNumberOfOneAndTextOfAnother_IsRefusedUnlessTheFormIsGiven(string answer, string[] texts, string form, int byForm, int byText)
    {
        Assert.Contains($"answer_form: {form} or text", Assert.Throws<RowException>(() => new GoldChoice("any").Find(answer, texts)).Message, StringComparison.Ordinal);
        Assert.Equal(byForm, new GoldChoice(form).Find(answer, texts));
        Assert.Equal(byText, new GoldChoice("text").Find(answer, texts));
    }

    [Fact]
    public void Find_NumberThatIsItsOptionsText_IsNotAmbiguous() => Assert.Equal(1, new GoldChoice("any").Find("1", ["0", "1", "2"]));

    [Fact]
    public void Find_TextOfTwoOptions_IsRefused()
        => Assert.Contains("options A and C alike", Assert.Throws<RowException>(() => new GoldChoice("any").Find("yes", ["yes", "no", "yes"])).Message, StringComparison.Ordinal);

    [Fact]
    public void Remark_NumbersWithoutZero_AreWorthALook()
    {
        var gold = new GoldChoice("any");
        foreach (var answer in (string[])["1", "3", "2"]) gold.Find(answer, _words);
        Assert.Contains("numbers count from 0", gold.Remark, StringComparison.Ordinal);
        gold.Find("0", _words);
        Assert.Null(gold.Remark);
        Assert.Null(new GoldChoice("any").Remark);
    }

    [Fact]
    public void Table_WrongRows_AreNamedWithTheirOptionOrAnswer()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["q.csv"], "Question,A,B,C,D,Answer\nPick,one,two,,four,B\nPick,one,two,three,four,4\nPick,1,2,3,4,2\nPick,one,two,three,four,\n");

        var message = Assert.Throws<EvaluationException>(() => Declared.Suite("""{"suite": "multiple-choice", "file": "q.csv"}""", folder.Path)).Message;

        Assert.Contains("4 rows are wrong", message, StringComparison.Ordinal);
        foreach (var part in (string[])["row 1, line 2: option C: 'C' is empty", "row 2, line 3: the answer \"4", "row 3, line 4: the answer \"2", "row 4, line 5: 'Answer' is empty"])
            Assert.Contains(part, message, StringComparison.Ordinal);
    }
}
