using System.Numerics;
using AlpacaCot.Data.Goat;
using AlpacaCot.Specs;

namespace AlpacaCot.Data.Tests;

public sealed class GoatTests
{
    [Theory]
    [InlineData("1463456 + 2107", "1463456 + 2107 = 1465563", "1465563")]
    [InlineData("8432862 - 659016175", "8432862 - 659016175 = -650583313", "-650583313")]
    [InlineData("593295 * 7", "593295 * 7 = 4153065", "4153065")]
    [InlineData("857483 * 400", "857483 * 400 = 342993200", "342993200")]
    [InlineData("3651803 / 7", "3651803 / 7 = 521686 R 1", "521686 R 1")]
    [InlineData("84 / 7", "84 / 7 = 12", "12")]
    [InlineData("7 / 0", "7 / 0 is undefined", "undefined")]
    [InlineData("358 / 358", "358 / 358 = 1", "1")]
    [InlineData("423 / 968", "423 / 968 = 0 R 423", "0 R 423")]
    [InlineData("397 * 4429", "397 * 4429 = 4429 * (300 + 90 + 7) = 4429 * 300 + 4429 * 90 + 4429 * 7 = 1328700 + 398610 + 31003 = 1727310 + 31003 = 1758313", "1758313")]
    [InlineData("59909636 * 6070", "59909636 * 6070 = 59909636 * (6000 + 70) = 59909636 * 6000 + 59909636 * 70 = 359457816000 + 4193674520 = 363651490520", "363651490520")]
    [InlineData("37 * 3066", "37 * 3066 = 3066 * (30 + 7) = 3066 * 30 + 3066 * 7 = 91980 + 21462 = 113442", "113442")]
    [InlineData("8914 / 64", "8914 - 64 * 100 = 8914 - 6400 = 2514\n2514 - 64 * 30 = 2514 - 1920 = 594\n594 - 64 * 9 = 594 - 576 = 18\nTherefore, 8914 / 64 = 139 R 18", "139 R 18")]
    [InlineData("440331 / 22", "440331 - 22 * 20000 = 440331 - 440000 = 331\n331 - 22 * 10 = 331 - 220 = 111\n111 - 22 * 5 = 111 - 110 = 1\nTherefore, 440331 / 22 = 20015 R 1", "20015 R 1")]
    [InlineData("2546 / 38", "2546 - 38 * 60 = 2546 - 2280 = 266\n266 - 38 * 7 = 266 - 266 = 0\nTherefore, 2546 / 38 = 67", "67")]
    public void Output_PublishedExamples_AreByteExact(string expression, string output, string answer)
    {
        var question = Parse(expression);

        Assert.Equal(output, GoatWorking.Output(question, GoatStyle.Goat));
        Assert.Equal(answer, question.Answer);
        Assert.Equal(expression, question.Expression);
    }

    [Theory]
    [InlineData("57 + 986", "7+6+0=13\n5+8+1=14\n0+9+1=10\n57 + 986 = 1043")]
    [InlineData("0 + 0", "0+0+0=00\n0 + 0 = 0")]
    [InlineData("203 - 45", "13-5-0=8\n10-4-1=5\n2-0-1=1\n203 - 45 = 158")]
    [InlineData("45 - 203", "13-5-0=8\n10-4-1=5\n2-0-1=1\n45 - 203 = -158")]
    public void Output_Steps_WorksColumnByColumn(string expression, string output) => Assert.Equal(output, GoatWorking.Output(Parse(expression), GoatStyle.Steps));

    [Fact]
    public void Paper_Cells_AddUpToThePublishedCounts()
    {
        var rows = GoatTable.Paper.GroupBy(cell => cell.Part).ToDictionary(part => part.Key, part => part.Sum(cell => cell.Rows));

        Assert.Equal(304_000, rows[GoatPart.Addition]);
        Assert.Equal(304_000, rows[GoatPart.Subtraction]);
        Assert.Equal(185_500, rows[GoatPart.MultiplicationByDigit]);
        Assert.Equal(420_000, rows[GoatPart.Multiplication]);
        Assert.Equal(187_800, rows[GoatPart.DivisionByDigit]);
        Assert.Equal(345_000, rows[GoatPart.Division]);
        Assert.Equal(GoatTable.PaperRows, rows.Values.Sum());
    }

    [Theory]
    [InlineData(GoatStyle.Goat)]
    [InlineData(GoatStyle.Direct)]
    [InlineData(GoatStyle.Steps)]
    public void Generate_EveryStyle_VerifiesAndExtracts(GoatStyle style)
    {
        var options = new GoatOptions { Paper = true, Count = 6000, Style = style };

        foreach (var (question, record) in GoatGenerator.Generate(options, seed: 3))
        {
            var verdict = GoatVerifier.Verify(question, record.Output);
            Assert.True(verdict is { Accepted: true }, $"{record.Output}: {verdict}");
            Assert.Equal(record.Answer, AnswerExtraction.FinalAnswer(record.Output));
            Assert.Equal(question.Expression, record.Input);
        }
    }

    [Fact]
    public void Generate_StylesUnderOneSeed_AskTheSameQuestions()
    {
        var direct = GoatGenerator.Generate(new GoatOptions { Count = 500, Style = GoatStyle.Direct }, seed: 5);
        var steps = GoatGenerator.Generate(new GoatOptions { Count = 500, Style = GoatStyle.Steps }, seed: 5);

        Assert.Equal(direct.Select(item => item.Record.Instruction), steps.Select(item => item.Record.Instruction));
        Assert.All(direct.Zip(steps), pair => Assert.EndsWith(pair.First.Record.Output, pair.Second.Record.Output, StringComparison.Ordinal));
        Assert.NotEqual(direct.Select(item => item.Record.Instruction), GoatGenerator.Generate(new GoatOptions { Count = 500 }, seed: 6).Select(item => item.Record.Instruction));
    }

    [Fact]
    public void Generate_TrainAndHeldOut_AreDisjointUnderAnySeeds()
    {
        var operations = Enum.GetValues<GoatOperation>();
        var train = Keys(new GoatOptions { Operations = operations, MaxDigits = 2, Count = 5000 }, seed: 1);
        var heldOut = Keys(new GoatOptions { Operations = operations, MaxDigits = 2, Count = 1000, Split = GoatSplit.HeldOut }, seed: 2);

        Assert.Equal(5000, train.Count);
        Assert.Equal(1000, heldOut.Count);
        Assert.Empty(train.Intersect(heldOut));

        static HashSet<(GoatOperation, BigInteger, BigInteger, string?)> Keys(GoatOptions options, long seed) =>
        [
            .. GoatGenerator.Questions(options, seed).Select(q => q.Operation is GoatOperation.Add or GoatOperation.Multiply
                ? (q.Operation, BigInteger.Min(q.Left, q.Right), BigInteger.Max(q.Left, q.Right), q.Form) : (q.Operation, q.Left, q.Right, q.Form)),
        ];
    }

    [Fact]
    public void Generate_EvenCells_SpreadOverLengths()
    {
        var questions = GoatGenerator.Questions(new GoatOptions { Operations = [GoatOperation.Add], MinDigits = 3, MaxDigits = 5, Count = 600 }, seed: 0);

        var cells = questions.GroupBy(q => (Math.Min(q.LeftDigits, q.RightDigits), Math.Max(q.LeftDigits, q.RightDigits))).ToDictionary(g => g.Key, g => g.Count());
        Assert.Equal(6, cells.Count);
        Assert.All(cells.Values, count => Assert.Equal(100, count));
    }

    [Fact]
    public void Generate_MoreThanThereAre_SaysSo()
    {
        var options = new GoatOptions { Operations = [GoatOperation.Add], MaxDigits = 1, Count = 1000 };

        Assert.Contains("different ones exist", Assert.Throws<DatasetException>(() => GoatGenerator.Generate(options, 0)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Generate_Noise_FollowsThePublishedProbabilities()
    {
        var options = new GoatOptions { Operations = [GoatOperation.Multiply], MinDigits = 2, MaxDigits = 4, Count = 20_000 };
        var texts = GoatGenerator.Generate(options, seed: 11).Select(item => (item.Record.Instruction, item.Question)).ToList();

        Share(0.05, t => t.Instruction.Contains("the product of", StringComparison.Ordinal));
        Share(0.95 * 0.1, t => t.Instruction.Contains("times", StringComparison.Ordinal) || t.Instruction.Contains("multiplied by", StringComparison.Ordinal));
        Share(0.95 * 0.9 * 0.5, t => t.Instruction.Contains($"{t.Question.Left}x{t.Question.Right}", StringComparison.Ordinal)
            || t.Instruction.Contains($"{t.Question.Left}*{t.Question.Right}", StringComparison.Ordinal));
        Assert.All(texts, t => Assert.Contains(t.Question.Right.ToString(System.Globalization.CultureInfo.InvariantCulture), t.Instruction, StringComparison.Ordinal));

        void Share(double expected, Func<(string Instruction, GoatQuestion Question), bool> holds)
            => Assert.InRange(texts.Count(holds) / (double)texts.Count, expected - 0.015, expected + 0.015);
    }

    [Theory]
    [InlineData("57 + 986", "7+6+0=13\n5+8+1=15\n0+9+1=10\n57 + 986 = 1043", true, 4, 1)]
    [InlineData("57 + 986", "57 + 986 = 1042", false, 1, 1)]
    [InlineData("8914 / 64", "8914 - 64 * 100 = 8914 - 6400 = 2514\nTherefore, 8914 / 64 = 139 R 18", true, 3, 0)]
    [InlineData("8914 / 64", "Therefore, 8914 ÷ 64 = 139 R 17", false, 1, 1)]
    [InlineData("2 + 3", "nonsense ( = 5", true, 1, 1)]
    [InlineData("2 + 3", "", false, 0, 0)]
    public void Verify_Outputs_FindsWrongSteps(string expression, string output, bool right, int steps, int wrong)
    {
        var verdict = GoatVerifier.Verify(Parse(expression), output);

        Assert.Equal((right, steps, wrong, wrong > 0), (verdict.AnswerRight, verdict.Steps, verdict.WrongSteps, verdict.First is not null));
    }

    [Fact]
    public void Verify_DeepNesting_DoesNotOverflow()
        => Assert.Equal(1, GoatVerifier.Verify(Parse("2 + 3"), new string('(', 100_000) + " = 5").WrongSteps);

    internal static GoatQuestion Parse(string expression)
    {
        var parts = expression.Split(' ');
        var operation = parts[1] switch { "+" => GoatOperation.Add, "-" => GoatOperation.Subtract, "*" => GoatOperation.Multiply, _ => GoatOperation.Divide };
        return new GoatQuestion(operation, BigInteger.Parse(parts[0]), BigInteger.Parse(parts[2]));
    }
}
