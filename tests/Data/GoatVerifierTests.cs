using AlpacaCot.Data.Goat;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Randomness;

namespace AlpacaCot.Data.Tests;

/// <summary>The verifier on what the generator writes, as it stands and with one character of one step changed.</summary>
public sealed class GoatVerifierTests
{
    private static readonly GoatOperation[] _all = Enum.GetValues<GoatOperation>();

    /// <summary>All that the generator can write: every operation in every style, signs, decimals, each step left out.</summary>
    public static TheoryData<string> Forms => [.. _forms.Keys];

    private static readonly Dictionary<string, GoatOptions> _forms = new()
    {
        ["published table"] = new() { Paper = true, Count = 8000 },
        ["published table, without split and expansion"] = new() { Paper = true, Count = 4000, Without = [GoatStep.Split, GoatStep.Expansion] },
        ["published table, without product and adding"] = new() { Paper = true, Count = 4000, Without = [GoatStep.Product, GoatStep.Adding] },
        ["every operation"] = new() { Operations = _all, MaxDigits = 7, Count = 8000 },
        ["every operation, direct"] = new() { Operations = _all, MaxDigits = 7, Count = 6000, Style = GoatStyle.Direct },
        ["every operation, steps"] = new() { Operations = _all, MaxDigits = 7, Count = 8000, Style = GoatStyle.Steps },
        ["signed"] = new() { Operations = [GoatOperation.Add, GoatOperation.Subtract, GoatOperation.Multiply, GoatOperation.Mixed], Signed = true, Count = 3000, Style = GoatStyle.Steps },
        ["signed decimals"] = new() { Operations = [GoatOperation.Add, GoatOperation.Subtract, GoatOperation.Multiply], Signed = true, Decimals = 3, Count = 3000, Style = GoatStyle.Steps },
        ["longer than 64 bits"] = new() { Operations = [GoatOperation.Add, GoatOperation.Subtract, GoatOperation.Multiply, GoatOperation.Divide, GoatOperation.Modulo], MinDigits = 18, MaxDigits = 24, Count = 1500 },
    };

    [Theory]
    [MemberData(nameof(Forms))]
    public void Verify_WhatIsGenerated_AcceptsEveryRow(string form)
    {
        foreach (var (question, record) in GoatGenerator.Generate(_forms[form], seed: 7))
        {
            var verdict = GoatVerifier.Verify(question, record.Output);
            Assert.True(verdict.Accepted, $"{question.Expression}: {record.Output} → {verdict}");
            Assert.True(verdict.Steps > 0, record.Output);
            Assert.Equal(record.Answer, AnswerExtraction.FinalAnswer(record.Output));
        }
    }

    /// <summary>A digit, an operator or an operand of one step is changed; where the step no longer holds, the output is refused and that step is named.</summary>
    [Theory]
    [MemberData(nameof(Forms))]
    public void Verify_OneStepChanged_RefusesAndNamesIt(string form)
    {
        var random = SeededRandom.For(11, form);
        var (changed, kinds) = (0, new int[3]);
        foreach (var item in GoatGenerator.Generate(_forms[form], seed: 7))
        {
            if (ChangedKind(item, random) is not { } kind) continue;
            changed++;
            kinds[kind]++;
        }
        Assert.True(changed > _forms[form].Count / 2, $"{changed} of {_forms[form].Count} rows were changed");
        Assert.True(kinds[0] > 0 && kinds[2] > 0, $"digits {kinds[0]}, operators {kinds[1]}, operands {kinds[2]}");
    }

    /// <summary>A million rows of the published table: all are accepted, and each is refused with its step named once one digit, operator or operand was changed so that the step is false.</summary>
    [Fact, Trait("Category", "Soak")]
    public void Verify_AMillionRowsOfThePublishedTable_AcceptsAllAndNamesEveryChangedStep()
    {
        const int Rows = 1_000_000;
        Assert.SkipWhen(Environment.GetEnvironmentVariable("ALPACACOT_SOAK") is null, "long: ./alpacacot test --soak");
        var (accepted, changed) = (0, 0);
        Parallel.ForEach(GoatGenerator.Stream(new GoatOptions { Paper = true, Count = Rows }, seed: 3, Environment.ProcessorCount).Select((item, row) => (item, row)), part =>
        {
            if (GoatVerifier.Verify(part.item.Question, part.item.Record.Output).Accepted) Interlocked.Increment(ref accepted);
            if (ChangedKind(part.item, SeededRandom.For(11, "soak", part.row)) is not null) Interlocked.Increment(ref changed);
        });
        TestContext.Current.TestOutputHelper?.WriteLine($"{accepted} of {Rows} accepted; {changed} changed, each refused with its step");
        Assert.Equal(Rows, accepted);
        Assert.True(changed > Rows / 2, $"{changed} rows were changed");
    }

    /// <summary>Changes one step of a row and checks that it is refused and named; how it was changed, or null where the step still holds.</summary>
    private static int? ChangedKind(GoatItem item, SeededRandom random)
    {
        var (question, record) = item;
        var (output, line, kind) = Change(record.Output, random);
        if (output is null || StillHolds(question, record.Output, output, line)) return null;
        var verdict = GoatVerifier.Verify(question, output);
        Assert.False(verdict.Accepted, $"{question.Expression}: {record.Output} became {output} and is accepted");
        Assert.True(verdict.First?.Line == line + 1, $"{question.Expression}: line {line + 1} of {output} was changed, and {verdict.First} is named");
        var place = Position(record.Output, output, line);
        Assert.True(verdict.First.Number == place, $"{question.Expression}: step {place} of {output} was changed, and {verdict.First} is named");
        return kind;
    }

    [Theory]
    [InlineData("57 + 986", "7+6+0=13\n5+8+0=13\n0+9+1=10\n57 + 986 = 1043", 2, "expected the column 5+8+1")]
    [InlineData("8914 / 64", "8914 - 64 * 100 = 8914 - 6400 = 2514\n2514 - 64 * 40 = 2514 - 2560 = -46\nTherefore, 8914 / 64 = 139 R 18", 3, "takes too much away")]
    [InlineData("8914 / 64", "8914 - 64 * 100 = 8914 - 6400 = 2514\n2524 - 64 * 30 = 2524 - 1920 = 604\nTherefore, 8914 / 64 = 139 R 18", 3, "expected 2514 to be left")]
    [InlineData("8914 / 64", "8914 - 65 * 100 = 8914 - 6500 = 2414\nTherefore, 8914 / 64 = 139 R 18", 1, "expected the divisor 64")]
    [InlineData("37 * 3066", "37 * 3067 = 3067 * (30 + 7) = 92010 + 21469 = 113479", 1, "expected 37 * 3066")]
    [InlineData("37 * 3066", "37 * 3066 = 3066 * (30 + 7) = 3066 * 30 + 3066 * 7 = 91980 + 21472 = 113452", 3, "is not")]
    [InlineData("8914 / 64", "Therefore, 8914 / 64 = 138 R 82", 1, "is not")]
    [InlineData("5 / 0", "5 / 0 is undefined", 0, "")]
    [InlineData("5 / 2", "5 / 2 is undefined", 1, "the question has a value")]
    [InlineData("5 / 0", "6 / 0 is undefined", 1, "expected 5 / 0")]
    public void Verify_StepThatDoesNotFollow_IsNamedWithItsReason(string expression, string output, int number, string reason)
    {
        var first = GoatVerifier.Verify(GoatTests.Parse(expression), output).First;

        Assert.Equal(number, first?.Number ?? 0);
        Assert.Contains(reason, first?.Reason ?? "", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("9 ^ 9 ^ 9 ^ 9 = 1")]
    [InlineData("1 / 0 = 1")]
    [InlineData("gcd(4 = 2")]
    [InlineData("4 mod 0 = 4")]
    [InlineData("4 * * 4 = 16")]
    public void Verify_WhatCannotBeRead_IsAWrongStep(string output) => Assert.Equal(1, GoatVerifier.Verify(GoatTests.Parse("2 + 3"), output).WrongSteps);

    // Kind 0: another digit; 1: another operator; 2: an operand with one digit more or less.
    private static (string? Output, int Line, int Kind) Change(string output, SeededRandom random)
    {
        var lines = output.Split('\n');
        var line = random.Next(lines.Length);
        var text = lines[line];
        var kind = random.Next(3);
        var places = Enumerable.Range(0, text.Length)
            .Where(i => kind == 1 ? "+-*/^".Contains(text[i]) && i > 0 : char.IsAsciiDigit(text[i]) && (kind == 0 || i == 0 || !char.IsAsciiDigit(text[i - 1]))).ToList();
        if (places.Count == 0) return (null, 0, 0);
        var at = places[random.Next(places.Count)];
        lines[line] = text[..at] + kind switch
        {
            0 => (char)('0' + ((text[at] - '0' + 1 + random.Next(9)) % 10)) + text[(at + 1)..],
            1 => "+-*".Replace(text[at].ToString(), "", StringComparison.Ordinal)[random.Next(2)] + text[(at + 1)..],
            _ => (char)('1' + random.Next(9)) + text[at..],
        };
        return (string.Join('\n', lines), line, kind);
    }

    // The step of the whole output that a changed line's change belongs to: the equation whose right side it is in, the first of the line for its left end.
    private static int Position(string before, string after, int line)
    {
        static int Steps(string text) => Math.Max(1, text.Count(c => c == '='));
        var (old, now) = (before.Split('\n'), after.Split('\n'));
        var at = old[line].Zip(now[line]).TakeWhile(pair => pair.First == pair.Second).Count();
        return old[..line].Sum(Steps) + Math.Max(1, now[line][..at].Count(c => c == '='));
    }

    // Only steps that are false count: 2 * 1 may become 2 / 1. Judged apart from the verifier's own reading, on the equations alone.
    private static bool StillHolds(GoatQuestion question, string before, string after, int line)
    {
        var text = after.Split('\n')[line];
        if (!text.Contains('=', StringComparison.Ordinal) || (question.Operation == GoatOperation.Compare && text != before.Split('\n')[^1])) return text == before.Split('\n')[line];
        var sides = text.Replace("Therefore, ", "", StringComparison.Ordinal).Split('=', StringSplitOptions.TrimEntries);
        for (var i = 1; i < sides.Length; i++)
        {
            var left = question.Operation == GoatOperation.Copy ? sides[i - 1].Replace(" ", "", StringComparison.Ordinal) : sides[i - 1];
            if (sides[i].Contains('R', StringComparison.Ordinal))
            {
                if (sides[i].Split(" R ") is not [var q, var r] || left.Split(" / ") is not [var a, var b]) return false;
                if (GoatExpression.Evaluate($"{b} * {q} + {r}") is not { } value || value != GoatExpression.Evaluate(a)) return false;
                continue;
            }
            if (GoatExpression.Evaluate(left) is not { } x || GoatExpression.Evaluate(sides[i]) is not { } y || x != y) return false;
        }
        return true;
    }
}
