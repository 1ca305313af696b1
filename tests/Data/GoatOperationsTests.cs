using System.Numerics;
using System.Text.Json;
using AlpacaCot.Data.Goat;
using AlpacaCot.Specs;
using AlpacaCot.Tests;

namespace AlpacaCot.Data.Tests;

/// <summary>Operations beside the published four, the learnability study's tasks, ablations, threads, and arithmetic that others wrote.</summary>
public sealed class GoatOperationsTests
{
    [Theory]
    [InlineData(GoatOperation.Copy, "59265395", "0", "59265395", "59265395", "5 9 2 6 5 3 9 5 = 59265395")]
    [InlineData(GoatOperation.Split, "4536", "0", "4536", "4000 + 500 + 30 + 6", "4536 = 4000 + 536 = 4000 + 500 + 36 = 4000 + 500 + 30 + 6")]
    [InlineData(GoatOperation.Split, "4000", "0", "4000", "4000", "4000 = 4000")]
    [InlineData(GoatOperation.Compare, "8116449", "97863", "8116449, 97863", "8116449 > 97863", "7 > 5 digits\n8116449 > 97863")]
    [InlineData(GoatOperation.Compare, "3568", "3591", "3568, 3591", "3568 < 3591", "3 = 3\n5 = 5\n6 < 9\n3568 < 3591")]
    [InlineData(GoatOperation.MultiplyByDigit, "57", "8", "57 * 8", "57 * 8 = 456", "7*8+0=56\n5*8+5=45\n57 * 8 = 456")]
    [InlineData(GoatOperation.DivideByDigit, "339", "4", "339 / 4", "339 / 4 = 84 R 3", "339 - 4 * 80 = 339 - 320 = 19\n19 - 4 * 4 = 19 - 16 = 3\nTherefore, 339 / 4 = 84 R 3")]
    [InlineData(GoatOperation.Modulo, "8914", "64", "8914 mod 64", "8914 mod 64 = 18", "8914 - 64 * 100 = 8914 - 6400 = 2514\n2514 - 64 * 30 = 2514 - 1920 = 594\n594 - 64 * 9 = 594 - 576 = 18\nTherefore, 8914 mod 64 = 18")]
    [InlineData(GoatOperation.Gcd, "48", "36", "gcd(48, 36)", "gcd(48, 36) = 12", "48 mod 36 = 12\n36 mod 12 = 0\nTherefore, gcd(48, 36) = 12")]
    [InlineData(GoatOperation.Power, "7", "4", "7 ^ 4", "7 ^ 4 = 2401", "7 ^ 4 = 7 * 7 * 7 * 7 = 49 * 7 * 7 = 343 * 7 = 2401")]
    [InlineData(GoatOperation.Power, "7", "0", "7 ^ 0", "7 ^ 0 = 1", "7 ^ 0 = 1")]
    public void Output_OfTwoOperands_IsWrittenDirectAndWithItsChain(GoatOperation operation, string left, string right, string expression, string direct, string steps)
    {
        var question = new GoatQuestion(operation, BigInteger.Parse(left), BigInteger.Parse(right));

        Assert.Equal((expression, direct, steps), (question.Expression, GoatWorking.Output(question, GoatStyle.Direct), GoatWorking.Output(question, GoatStyle.Steps)));
    }

    [Theory]
    [InlineData(GoatOperation.Order, "3568, 9591, 8061", "3568, 8061, 9591", "3568 of 3568, 9591, 8061\n8061 of 9591, 8061\n3568, 8061, 9591")]
    [InlineData(GoatOperation.Mixed, "(3 + 4) * 5 - 6", "(3 + 4) * 5 - 6 = 29", "(3 + 4) * 5 - 6 = 7 * 5 - 6 = 35 - 6 = 29")]
    [InlineData(GoatOperation.Mixed, "2 - (3 - (-4)) * 2", "2 - (3 - (-4)) * 2 = -12", "2 - (3 - (-4)) * 2 = 2 - 7 * 2 = 2 - 14 = -12")]
    public void Output_OfMoreNumbers_IsWrittenDirectAndWithItsChain(GoatOperation operation, string form, string direct, string steps)
    {
        var question = new GoatQuestion(operation, 0, 0) { Form = form };

        Assert.Equal((direct, steps), (GoatWorking.Output(question, GoatStyle.Direct), GoatWorking.Output(question, GoatStyle.Steps)));
    }

    [Theory]
    [InlineData(GoatOperation.Add, 1250, 375, 2, "12.5 + 3.75", "12.5 + 3.75 = 16.25")]
    [InlineData(GoatOperation.Subtract, 50, -375, 2, "0.5 - (-3.75)", "0.5 - (-3.75) = 4.25")]
    [InlineData(GoatOperation.Multiply, -125, 340, 2, "-1.25 * 3.4", "125 * 34 = 125 * (30 + 4) = 125 * 30 + 125 * 4 = 3750 + 500 = 4250\nTherefore, -1.25 * 3.4 = -4.25")]
    public void Output_SignsAndDecimals_AreWorkedOutOnWholeNumbers(GoatOperation operation, int left, int right, int decimals, string expression, string output)
    {
        var question = new GoatQuestion(operation, left, right) { Decimals = decimals };

        Assert.Equal((expression, output), (question.Expression, GoatWorking.Output(question, GoatStyle.Goat)));
    }

    [Theory]
    [InlineData(new[] { GoatStep.Split }, "397 * 4429 = 4429 * 300 + 4429 * 90 + 4429 * 7 = 1328700 + 398610 + 31003 = 1727310 + 31003 = 1758313", "8914 - 64 * 100 = 8914 - 6400 = 2514")]
    [InlineData(new[] { GoatStep.Expansion }, "397 * 4429 = 4429 * (300 + 90 + 7) = 1328700 + 398610 + 31003 = 1727310 + 31003 = 1758313", "8914 - 64 * 100 = 8914 - 6400 = 2514")]
    [InlineData(new[] { GoatStep.Product }, "397 * 4429 = 4429 * (300 + 90 + 7) = 4429 * 300 + 4429 * 90 + 4429 * 7 = 1727310 + 31003 = 1758313", "8914 - 64 * 100 = 2514")]
    [InlineData(new[] { GoatStep.Adding }, "397 * 4429 = 4429 * (300 + 90 + 7) = 4429 * 300 + 4429 * 90 + 4429 * 7 = 1328700 + 398610 + 31003 = 1758313", "8914 - 64 * 100 = 8914 - 6400 = 2514")]
    [InlineData(new[] { GoatStep.Split, GoatStep.Expansion, GoatStep.Product, GoatStep.Adding }, "397 * 4429 = 1758313", "8914 - 64 * 100 = 2514")]
    public void Output_Ablations_LeaveOneStepOut(GoatStep[] without, string product, string quotient)
    {
        var form = GoatForm.Of(new GoatOptions { Without = without });

        Assert.Equal(product, GoatWorking.Output(GoatTests.Parse("397 * 4429"), form));
        Assert.Equal(quotient, GoatWorking.Output(GoatTests.Parse("8914 / 64"), form).Split('\n')[0]);
    }

    [Fact]
    public void Generate_AblationsUnderOneSeed_AskTheSameQuestions()
    {
        var options = new GoatOptions { Operations = [GoatOperation.Multiply], MinDigits = 3, MaxDigits = 4, Count = 200 };

        Assert.Equal(
            GoatGenerator.Generate(options, 1).Select(item => item.Record.Instruction),
            GoatGenerator.Generate(options with { Without = [GoatStep.Adding] }, 1).Select(item => item.Record.Instruction));
    }

    [Fact]
    public void Stream_AnyNumberOfThreads_GivesTheSameRows()
    {
        var options = new GoatOptions { Paper = true, Count = 20_000 };

        Assert.Equal(GoatGenerator.Generate(options, 3).Select(item => item.Record), GoatGenerator.Stream(options, 3, threads: 3).Select(item => item.Record));
    }

    [Fact]
    public void Cells_OfThePublishedTable_AddUpWhateverTheSize()
    {
        Assert.Equal(1_746_300, GoatGenerator.Cells(new GoatOptions { Paper = true }).Sum(cell => cell.Rows));
        Assert.Equal(5000, GoatGenerator.Cells(new GoatOptions { Paper = true, Count = 5000 }).Sum(cell => cell.Rows));
        Assert.Equal(777, GoatGenerator.Cells(new GoatOptions { Operations = Enum.GetValues<GoatOperation>(), Count = 777 }).Sum(cell => cell.Rows));
    }

    /// <summary>Published counts, drawn: the whole table once.</summary>
    [Fact]
    public void Questions_OfThePublishedTable_AreDrawnInItsCounts()
    {
        var questions = GoatGenerator.Questions(new GoatOptions { Paper = true }, seed: 0);

        int Of(GoatOperation operation) => questions.Count(q => q.Operation == operation);
        Assert.Equal((304_000, 304_000, 605_500, 532_800), (Of(GoatOperation.Add), Of(GoatOperation.Subtract), Of(GoatOperation.Multiply), Of(GoatOperation.Divide)));
        Assert.DoesNotContain(questions, GoatHeldOut.Contains);
    }

    [Fact]
    public void HeldOut_TheStudysProducts_AreThoseOfTheTable()
    {
        foreach (var question in GoatGenerator.Questions(new GoatOptions { Operations = [GoatOperation.MultiplyByDigit, GoatOperation.DivideByDigit], MinDigits = 3, Count = 500 }, 0))
        {
            var plain = question.Operation == GoatOperation.MultiplyByDigit ? GoatOperation.Multiply : GoatOperation.Divide;
            Assert.False(GoatHeldOut.Contains(new GoatQuestion(plain, question.Left, question.Right)), question.Expression);
        }
    }

    [Theory]
    [InlineData(GoatOperation.Divide, true, 0, "divide takes no negative numbers")]
    [InlineData(GoatOperation.Gcd, false, 2, "gcd takes whole numbers")]
    [InlineData(GoatOperation.Add, false, 17, "is not within 0 and 16")]
    public void Generate_SignsOrDecimalsWhereThereAreNone_SaysSo(GoatOperation operation, bool signed, int decimals, string mistake)
    {
        var options = new GoatOptions { Operations = [operation], Signed = signed, Decimals = decimals, Count = 10 };

        Assert.Contains(mistake, Assert.Throws<DatasetException>(() => GoatGenerator.Generate(options, 0)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Readings_OfEveryGeneratedExpression_HoldItsQuestion()
    {
        foreach (var options in (GoatOptions[])[new() { Operations = Enum.GetValues<GoatOperation>(), Count = 3000 }, new() { Operations = [GoatOperation.Add, GoatOperation.Multiply], Signed = true, Decimals = 2, Count = 500 }])
            foreach (var (question, record) in GoatGenerator.Generate(options, 5))
                Assert.Contains(GoatQuestionText.Readings(record.Input), reading => reading.Operation == question.Operation && reading.Answer == question.Answer && reading.Expression == question.Expression);
        Assert.All((string[])["", "x + 3", "1.5 / 2", "9 ^ 99999999", "1 +", "what is 3?"], text => Assert.Empty(GoatQuestionText.Readings(text)));
    }

    /// <summary>GPT-3's arithmetic, as BIG-bench has it: our reading of each expression gives the published answer.</summary>
    [Theory]
    [InlineData("two_digit_addition")]
    [InlineData("two_digit_subtraction")]
    [InlineData("four_digit_addition")]
    [InlineData("two_digit_multiplication")]
    [InlineData("single_digit_three_ops")]
    public void Evaluate_ArithmeticOfOthers_GivesTheirAnswers(string file)
    {
        var rows = 0;
        foreach (var line in File.ReadLines(RealData.File($"arithmetic/{file}.jsonl")))
        {
            using var row = JsonDocument.Parse(line);
            var asked = row.RootElement.GetProperty("context").GetString()!.Replace("\n\nQ: What is ", "", StringComparison.Ordinal).Replace("?\n\nA:", "", StringComparison.Ordinal)
                .Replace("plus", "+", StringComparison.Ordinal).Replace("minus", "-", StringComparison.Ordinal).Replace("times", "*", StringComparison.Ordinal);
            Assert.Equal(row.RootElement.GetProperty("completion").GetString()!.Trim(), GoatExpression.Evaluate(asked)?.ToString());
            rows++;
        }
        Assert.Equal(2000, rows);
    }

    [Fact]
    public void Evaluate_BigBenchHard_GivesItsAnswers()
    {
        using var file = JsonDocument.Parse(File.ReadAllBytes(RealData.File("math/bbh/multistep_arithmetic_two.json")));
        foreach (var row in file.RootElement.GetProperty("examples").EnumerateArray())
            Assert.Equal(row.GetProperty("target").GetString(), GoatExpression.Evaluate(row.GetProperty("input").GetString()!.TrimEnd('=', ' '))?.ToString());
    }
}
