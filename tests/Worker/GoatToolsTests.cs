using System.Text.Json;
using AlpacaCot.Specs;
using AlpacaCot.Worker;
using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Tests.Worker;

/// <summary><c>data goat generate</c> and <c>data goat verify</c> as a worker answers them.</summary>
public sealed class GoatToolsTests : IDisposable
{
    private readonly TinyPack _pack = new();

    public void Dispose() => _pack.Dispose();

    /// <summary>Rows with signs and decimals from the generator's own file, one of them with a wrong step.</summary>
    [Fact]
    public void Verify_SignedDecimalsWithOneWrongStep_NamesItAndAcceptsTheOthers()
    {
        var options = new GoatOptions { Operations = [GoatOperation.Add, GoatOperation.Subtract, GoatOperation.Multiply], Signed = true, Decimals = 2, MaxDigits = 4, Count = 200, Style = GoatStyle.Steps };
        _pack.Ask("data goat generate", new { goat = JsonSerializer.SerializeToElement(options, Frames.Json), @out = _pack["rows.jsonl"], seed = 3 });
        var lines = File.ReadAllLines(_pack["rows.jsonl"]);
        lines[4] = """{"input": "-1.25 * 3.4", "output": "125 * 34 = 125 * (30 + 4) = 125 * 30 + 125 * 4 = 3750 + 510 = 4260\nTherefore, -1.25 * 3.4 = -4.26"}""";
        File.WriteAllLines(_pack["rows.jsonl"], lines);

        var verdict = _pack.Ask("data goat verify", new { file = _pack["rows.jsonl"] }).Document;

        Assert.Equal((200, 199, 199), (verdict.GetProperty("rows").GetInt32(), verdict.GetProperty("accepted").GetInt32(), verdict.GetProperty("answers_right").GetInt32()));
        var fault = Assert.Single(verdict.GetProperty("faults").EnumerateArray());
        Assert.Equal(("row 5, line 5", "-1.25 * 3.4", 3), (fault.GetProperty("row").GetString(), fault.GetProperty("question").GetString(), fault.GetProperty("step").GetInt32()));
    }

    [Fact]
    public void Verify_RowsThatAreWrong_AreToldTogether()
    {
        File.WriteAllText(_pack["rows.jsonl"], "{\"input\": \"1 + 1\", \"output\": \"1 + 1 = 2\"}\n{\"input\": \n7\n");
        Assert.Contains("2 rows are wrong: row 2, line 2", Assert.ThrowsAny<Exception>(() => _pack.Ask("data goat verify", new { file = _pack["rows.jsonl"] })).Message, StringComparison.Ordinal);
    }
}
