using System.Text.Json.Nodes;
using AlpacaCot.Specs.Suites;

namespace AlpacaCot.Evaluation.Tests;

/// <summary>Whole numbers at the ends of their type: what a suite cannot use is refused by the option's name before anything is made of it.</summary>
public sealed class OptionLimitTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string, string, int> Extremes => [.. from suite in SuiteCatalogue.All
        from option in suite.AllOptions.Where(option => option.Kind is SuiteOptionKind.Integer or SuiteOptionKind.Integers)
        from value in (int[])[int.MaxValue, int.MinValue, -1, 0]
        select new TheoryDataRow<string, string, int>(suite.Name, option.Name, value)];

    [Theory, MemberData(nameof(Extremes))]
    public void Create_WholeNumberAtAnEnd_IsUsedOrRefusedByItsName(string suite, string option, int value)
    {
        File.WriteAllText(_folder["q.jsonl"], string.Concat(Enumerable.Range(0, 3).Select(i => $$"""{"question": "q{{i}}", "answer": "a", "Question": "q{{i}}", "A": "a", "B": "b", "C": "c", "D": "d", "Answer": "A", "context": "c{{i}}", "completion": "d", "text": "t", "table_text": "a#b\n1#2", "statement": "s{{i}}", "label": 1}""" + "\n")));
        var declaration = new JsonObject { ["suite"] = suite, [option] = SuiteCatalogue.Find(suite)!.Option(option)!.Kind == SuiteOptionKind.Integers ? new JsonArray(value, value) : value };
        if (suite != GoatArithmeticOptions.Suite) declaration["file"] = _folder["q.jsonl"];
        else if (option != "limit") declaration["limit"] = 3;
        if (Record.Exception(() => Declared.Suite(declaration)) is not { } refused) return;
        Assert.IsType<EvaluationException>(refused);
        Assert.Contains(option, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("overflow", refused.Message, StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("""{"suite": "goat-arithmetic", "few_shot": 2147483647}""", "option few_shot: 2147483647 is not from 0 to 1000")]
    [InlineData("""{"suite": "goat-arithmetic", "limit": 2147483647}""", "option limit: 2147483647 is not from 1 to 5000000")]
    [InlineData("""{"suite": "goat-arithmetic", "digits": [1, 2147483647]}""", "option digits: 2147483647 is not from 1 to 64")]
    [InlineData("""{"suite": "log-likelihood", "file": "q.jsonl", "bootstrap_iters": 2147483647}""", "option bootstrap_iters: 2147483647 is not from 1 to 10000000")]
    public void Create_WholeNumberBeyondItsLimit_NamesOptionAndLimit(string declaration, string says)
        => Assert.Contains(says, Assert.Throws<EvaluationException>(() => Declared.Suite(declaration)).Message, StringComparison.Ordinal);
}
