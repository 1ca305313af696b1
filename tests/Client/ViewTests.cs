using System.Text.Json;
using AlpacaCot.Client;
using AlpacaCot.Client.Console;
using AlpacaCot.Client.Library;
using AlpacaCot.Client.Running;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Facts;
using AlpacaCot.Worker.Protocol;
using SweepStatus = AlpacaCot.Grains.Contracts.SweepStatus;
using TrialStatus = AlpacaCot.Grains.Contracts.TrialStatus;

namespace AlpacaCot.Tests.Client;

/// <summary>What commands show, from records alone.</summary>
public sealed class ViewTests
{
    private const string Yaml = """
        name: s
        seeds: [0, 1, 2]
        models: [{ name: m, path: m }]
        peft: [{ name: lora, method: lora }, { name: ia3, method: ia3, learning_rate: 0.005 }]
        data: [{ name: d, sources: [goat] }]
        cot: [{ name: none }, { name: cue, cue: "Think." }]
        evaluation: [{ suite: goat-arithmetic, limit: 5 }]
        """;

    [Fact]
    public void Summary_HasTheShapeThatScriptsReadAtTheDoor()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["report.json"], """{"name":"s","aggregates":[{"cell":1}]}""");
        var status = new SweepStatus
        {
            Name = "s", State = "done", Report = folder["report.html"],
            Trials =
            [
                new TrialStatus { Name = "a", State = "succeeded", Fence = 3, Attempts = 1, Metrics = new Dictionary<string, double> { ["z/m"] = 0.5, ["a/m"] = double.NaN } },
                new TrialStatus { Name = "b", State = "failed", Message = "no" },
            ],
        };
        var json = JsonDocument.Parse(JsonSerializer.Serialize(SweepView.Summary(status), ClientJson.Options)).RootElement;
        Assert.Equal("s", json.GetProperty("name").GetString());
        Assert.Equal(status.Report, json.GetProperty("report").GetString());
        Assert.Equal(1, json.GetProperty("aggregates")[0].GetProperty("cell").GetInt32());
        var trials = json.GetProperty("trials");
        Assert.Equal(2, trials.GetArrayLength());
        Assert.Equal(["a", "succeeded"], new[] { "name", "state" }.Select(key => trials[0].GetProperty(key).GetString()!));
        Assert.Equal(["a/m", "z/m"], trials[0].GetProperty("metrics").EnumerateObject().Select(p => p.Name));
        Assert.Equal(0.5, trials[0].GetProperty("metrics").GetProperty("z/m").GetDouble());
        Assert.Empty(trials[1].GetProperty("metrics").EnumerateObject());
        Assert.Equal("no", trials[1].GetProperty("message").GetString());
    }

    [Fact]
    public void Summary_WithoutReport_StillHasItsKeys()
    {
        var json = SweepView.Summary(new SweepStatus { Name = "s", State = "cancelled", Trials = [] });
        Assert.Equal(["name", "state", "trials", "aggregates", "report"], json.Select(p => p.Key));
    }

    [Theory]
    [InlineData("a", true)]
    [InlineData("A-b_c.9", true)]
    [InlineData("", false)]
    [InlineData(".hidden", false)]
    [InlineData("..", false)]
    [InlineData("a/b", false)]
    [InlineData("a b", false)]
    [InlineData("größe", false)]
    public void SweepName_AllowsWhatCanBeAFolder(string name, bool allowed)
    {
        foreach (var sweep in (SweepName[])[new("default", name), new(name, "s")])
            if (allowed) Assert.Equal($"{sweep.Experiment}/{sweep.Name}", sweep.Checked().Key);
            else Assert.Equal(ExitCodes.Wrong, Assert.Throws<ClientException>(sweep.Checked).ExitCode);
    }

    [Fact]
    public void SweepName_LongerThanAFileName_IsRefused() => Assert.Throws<ClientException>(() => new SweepName("e", new string('a', 101)).Checked());

    public static TheoryData<ProgressEvent, string> Lines => new()
    {
        { new ProgressEvent("a", 1, null, "load", 0, 0), "load" },
        { new ProgressEvent("a", 1, "m", "train", 3, 10, 0.12345, 1234.4), "m train  3/10  loss 0.1235  1234 tokens/s" },
        { new ProgressEvent("a", 1, null, "evaluate", 1, 2, Note: "goat"), "evaluate  1/2  goat" },
    };

    [Theory, MemberData(nameof(Lines))]
    public void ProgressLine_Describe(ProgressEvent news, string line) => Assert.Equal(line, ProgressLine.Describe(news));

    /// <summary>What is learnt stands out by colour alone, token by token, and no text of a row reaches the terminal as a control sequence.</summary>
    [Fact]
    public void Inspect_Tokens_AreColouredByWhatIsLearnt()
    {
        using var screen = new StringWriter();
        var console = Spectre.Console.AnsiConsole.Create(new Spectre.Console.AnsiConsoleSettings { Ansi = Spectre.Console.AnsiSupport.Yes, ColorSystem = Spectre.Console.ColorSystemSupport.TrueColor, Out = new Spectre.Console.AnsiConsoleOutput(screen) });
        var rows = System.Text.Json.JsonDocument.Parse("""[{"source": "r.json", "row": 1, "refused": null, "truncated": false, "tokens": [{"id": 1, "text": "ask\n", "learnt": false}, {"id": 2, "text": "an", "learnt": true}, {"id": 3, "text": "\u001b[2Jswer", "learnt": true}]}, {"source": "r.json", "row": 2, "refused": "EmptyAnswer", "truncated": false, "tokens": []}]""").RootElement;

        InspectView.Draw(console, rows);

        var shown = screen.ToString();
        string Before(string text) => shown[shown[..shown.IndexOf(text, StringComparison.Ordinal)].LastIndexOf('\u001b')..shown.IndexOf(text, StringComparison.Ordinal)];
        Assert.Contains("r.json row 1: 3 tokens, 2 learnt", shown, StringComparison.Ordinal);
        Assert.Contains("refused: EmptyAnswer", shown, StringComparison.Ordinal);
        Assert.NotEqual(Before("ask"), Before("an"));
        Assert.NotEqual(Before("ask"), Before("\\u001b[2Jswer"));
        Assert.DoesNotContain("\u001b[2J", shown, StringComparison.Ordinal);
    }

    [Fact]
    public void Preflight_ValidSweep_ShowsThePlan()
    {
        var check = Check(Yaml);
        Assert.True(check.IsValid);
        var json = check.ToJson();
        Assert.Equal(("s", true, 14, 6), ((string)json["name"]!, (bool)json["valid"]!, (int)json["trials"]!, (int)json["trainings"]!));
        var text = Printed(check);
        Assert.Contains("12 trials (1 model × 2 methods × 1 data mix × 2 ways of asking × 3 seeds) and 2 of untuned bases, 6 trainings", text, StringComparison.Ordinal);
        Assert.Contains("ia3: learning rate 0.005 (its own)", text, StringComparison.Ordinal);
        Assert.Contains("lora: learning rate", text, StringComparison.Ordinal);
        Assert.Contains("(lora's default)", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Preflight_WrongSweep_TellsEveryErrorWithLineAndFix()
    {
        var check = Check(Yaml.Replace("method: lora", "method: lroa", StringComparison.Ordinal).Replace("seeds:", "sedes:", StringComparison.Ordinal));
        Assert.False(check.IsValid);
        var remarks = check.ToJson()["remarks"]!.AsArray().Where(r => (string)r!["severity"]! == "error").Select(r => r!).ToList();
        Assert.Equal(2, remarks.Count);
        Assert.Equal([2, 4], remarks.Select(r => (int)r["line"]!).Order());
        Assert.Null(check.ToJson()["trials"]);
        var text = Printed(check);
        Assert.Contains("2 errors; nothing was run", text, StringComparison.Ordinal);
        Assert.Contains("seeds", text, StringComparison.Ordinal);
        Assert.DoesNotContain("12 trials", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Preflight_Advice_DoesNotStopTheSweep()
    {
        var check = Check(Yaml.Replace("[0, 1, 2]", "[0, 1]", StringComparison.Ordinal));
        Assert.True(check.IsValid);
        var output = new StringWriter();
        PreflightView.PrintAdvice(check, output);
        Assert.StartsWith("advice: ", output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Preflight_Plan_IsATableAndInJson()
    {
        var facts = new SpecFacts
        {
            Mixes = [new MixFacts { Model = "m", Data = "d", Rows = 120, Kept = 100, Dropped = new Dictionary<string, long> { ["EmptyAnswer"] = 20 }, Truncated = 3, Examples = 100, Tokens = 5000, SupervisedTokens = 1000, Cues = new Dictionary<string, long> { ["Reason."] = 100 } }],
            Models = [new ModelFacts { Name = "m", Parameters = 1000, Layers = 1, VocabularySize = 50, Projections = [new("q_proj", 10, 20), new("v_proj", 10, 20), new("k_proj", 10, 20), new("down_proj", 20, 10)] }],
            Machine = new MachineFacts("2 × processor", 7000, new Dictionary<string, MachineSpeed> { ["bf16"] = new(0.01, 0.001, 0.00001, 0.01, 0.0001, 32) }),
        };
        var check = new SweepPreflight("/spec", SweepDocument.Parse(Yaml), facts);
        var lines = Printed(check).Split('\n').Select(line => string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries))).ToList();
        Assert.Contains("d 120 100 3 20 0 100 5,000 1,000 100 × \"Reason.\"", lines);
        Assert.Contains(lines, line => line.StartsWith("m+lora+d 6 3 21 16,800 ", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith("m+base 2 0 unknown ", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith("in all 14 6 126 in all 100,800 in all ", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.Contains("this machine (2 × processor)", StringComparison.Ordinal));
        var plan = check.ToJson()["plan"]!;
        Assert.Equal((126, 14), ((int)plan["steps"]!, plan["trials"]!.AsArray().Count));
        Assert.Equal(("m+lora+d+none+s0", 21), ((string)plan["trials"]![0]!["trial"]!, (int)plan["trials"]![0]!["steps"]!));
        var advice = new StringWriter();
        PreflightView.PrintAdvice(check, advice);
        Assert.Contains("m+lora+d", advice.ToString(), StringComparison.Ordinal);
    }

    /// <summary>Several sentences stand below the table, a line each: in it they would make every line as long as all of them.</summary>
    [Fact]
    public void Preflight_PlanOfSeveralCues_HasALineForEachBelowTheTable()
    {
        var mix = new MixFacts { Model = "m", Data = "d", Rows = 7473, Kept = 100, Examples = 100, Tokens = 5000, SupervisedTokens = 1000, Dropped = new Dictionary<string, long>(), Cues = new Dictionary<string, long> { ["Reason about it."] = 60, ["Think it through."] = 40 } };
        var lines = Printed(new SweepPreflight("/spec", SweepDocument.Parse(Yaml), new SpecFacts { Mixes = [mix] })).Split('\n').Select(line => line.Trim()).ToList();
        Assert.Contains(lines, line => line.Contains(" 100 of 7,473 ", StringComparison.Ordinal) && line.EndsWith(" 2 sentences", StringComparison.Ordinal));
        Assert.Equal(["cues of d:", "60 × \"Reason about it.\"", "40 × \"Think it through.\""], lines.Skip(lines.IndexOf("cues of d:")).Take(3));
    }

    private static SweepPreflight Check(string yaml) => new("/spec", SweepDocument.Parse(yaml), new SpecFacts());

    private static string Printed(SweepPreflight check)
    {
        var output = new StringWriter();
        PreflightView.Print(check, output);
        return output.ToString();
    }

    [Fact]
    public void Doctor_WithoutRoomForATable_IsALineForEachFinding()
        => Assert.Equal(
            "ok      sdk: SDK 10\nproblem disk: full\n        → free some\n",
            DoctorView.Lines([new DoctorFinding("sdk", DoctorState.Ok, "SDK 10"), new DoctorFinding("disk", DoctorState.Problem, "full", "free some")]));

    [Theory]
    [InlineData("train  3/10", 20, "train  3/10")]
    [InlineData("train  3/10", 11, "train  3/10")]
    [InlineData("train  3/10", 6, "train…")]
    [InlineData("train  3/10", 1, "")]
    public void Progress_LineLongerThanTheTerminal_IsCut(string line, int columns, string shown) => Assert.Equal(shown, ProgressLine.Cut(line, columns));
}
