using System.Text.Json;
using AlpacaCot.Client.Library;
using AlpacaCot.Client.Running;
using AlpacaCot.Grains.Contracts;
using AlpacaCot.Specs;

namespace AlpacaCot.Tests.Client;

/// <summary>What is shown of a trial beside its record: commands that use it, samples of what it was asked.</summary>
public sealed class TrialTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static TrialDetails Details(string? adapter = "/x/a b", string? cue = "Let's think") => new()
    {
        Trial = new TrialStatus { Name = "m+l+d+c+s1", State = "succeeded" }, Configuration = new TrialSpec { Model = new ModelSpec { Name = "m" }, Cot = new CotSpec { Name = "c" }, Decoding = new DecodingSpec() }, Base = "m", BaseDirectory = "/", Precision = "fp32", Cue = cue, Adapter = adapter, Log = "/l",
        TrainingKey = "t", TrialKey = "k",
    };

    private static TrialCommands Commands(TrialDetails details, string decoding = "", string experiment = "default") => TrialCommands.Of(
        new SweepName(experiment, "first"),
        SweepDocument.ParseValid($"name: first\nmodels: [m]\npeft: [lora]\ndata: [goat]\nevaluation: [{{ suite: goat-arithmetic, limit: 5, few_shot: 2, options: {{ operations: [add] }} }}]\n{decoding}"), details, "/m", 1);

    [Fact]
    public void Commands_AreWhatAShellTakes_AndAskAsTheSweepDid()
    {
        var commands = Commands(Details());
        Assert.Equal("./alpacacot sweep ask first m+l+d+c+s1 --prompt '2 + 3'", commands.Ask);
        Assert.Equal("./alpacacot merge --model /m --adapter '/x/a b' --out first-m-l-d-c-s1", commands.Merge);
        Assert.Equal(
            """./alpacacot eval --model /m --adapter '/x/a b' --precision fp32 --suite goat-arithmetic --limit 5 --few-shot 2 --suite-options '{"operations":["add"]}' --cue 'Let'\''s think' --max-new-tokens 128""",
            Assert.Single(commands.Evaluate));
        Assert.EndsWith("--max-new-tokens 128 --temperature 0.5 --top-k 4 --top-p 0.9 --repetition-penalty 1.5 --stop a b --seed 1",
            Assert.Single(Commands(Details(), "decoding: { strategy: sample, temperature: 0.5, top_p: 0.9, top_k: 4, repetition_penalty: 1.5, stop: [a, b] }").Evaluate), StringComparison.Ordinal);
        Assert.Contains("--experiment other", Commands(Details(), experiment: "other").Ask, StringComparison.Ordinal);
        Assert.Equal((null, null, 0), Commands(Details(adapter: null)) is var none ? (none.Ask, none.Merge, none.Evaluate.Count) : default);
    }

    /// <summary>A file beside the sweep file is named by its whole path, so that the command may be given anywhere.</summary>
    [Fact]
    public void Commands_SuiteFile_IsNamedByItsWholePath()
    {
        File.WriteAllText(_folder["questions.csv"], "question,answer\n");
        var commands = TrialCommands.Of(
            new SweepName("default", "first"), SweepDocument.ParseValid("name: first\nmodels: [m]\npeft: [lora]\ndata: [goat]\nevaluation: [{ suite: exact-match, options: { file: questions.csv, answer: questions.csv } }]"),
            Details() with { BaseDirectory = _folder.Path }, "/m", 1);
        Assert.Contains($$"""--suite-options '{"answer":"questions.csv","file":"{{_folder["questions.csv"]}}"}'""", Assert.Single(commands.Evaluate), StringComparison.Ordinal);
    }

    [Fact]
    public void Commands_OfAnUntunedBase_NameItsTemplate_AndMergeNothing()
    {
        var commands = Commands(Details(adapter: null, cue: null) with { Template = "goat" });
        Assert.NotNull(commands.Ask);
        Assert.Null(commands.Merge);
        Assert.Contains("eval --model /m --template goat --precision fp32 --suite", Assert.Single(commands.Evaluate), StringComparison.Ordinal);
    }

    /// <summary>The commands are taken by the command line itself, with every value that was meant.</summary>
    [Fact]
    public void Commands_Parse()
    {
        var tree = AlpacaCot.Client.Commands.CommandTree.Build(() => throw new InvalidOperationException());
        var commands = Commands(Details(cue: "step"), "decoding: { stop: [a] }");
        foreach (var line in (string[])[commands.Ask!, commands.Merge!, .. commands.Evaluate])
        {
            var words = System.CommandLine.Parsing.CommandLineParser.SplitCommandLine(line.Replace('\'', '"').Replace("{\"operations\":[\"add\"]}", "{operations: [add]}", StringComparison.Ordinal)).Skip(1);
            Assert.Empty(tree.Parse([.. words]).Errors);
        }
    }

    private string Results(params (string Answer, int Right)[] samples)
    {
        var lines = samples.Select((sample, n) => JsonSerializer.Serialize(new
        {
            doc_id = n, target = "t", arguments = new { gen_args_0 = new { arg_0 = $"question {n}" } }, resps = (string[][])[[sample.Answer]], filtered_resps = (string[])[sample.Answer.Trim()], exact_match = (double)sample.Right,
        }));
        File.WriteAllLines(_folder["samples_suite_2026.jsonl"], lines);
        File.WriteAllLines(_folder["samples_suite_2025.jsonl"], ["not this one"]);
        return _folder["results_2026.json"];
    }

    [Fact]
    public void Samples_AreRightAndWrongOnes_InTheOrderInWhichTheyWereAsked()
    {
        var file = Results((" 1", 1), ("2", 1), ("3", 1), ("4", 0), ("5", 0), ("6", 0));
        Assert.Equal([(true, "question 0", " 1", "1"), (true, "question 1", "2", "2"), (false, "question 3", "4", "4"), (false, "question 4", "5", "5")],
            TrialSamples.Read(file, 4).Select(s => (s.Right!.Value, s.Prompt, s.Response, s.Read)));
        Assert.Equal(["question 0", "question 3"], TrialSamples.Read(file, 2).Select(s => s.Prompt));
        Assert.Empty(TrialSamples.Read(file, 0));
        Assert.Equal(6, TrialSamples.Read(file, 100).Count);
    }

    [Fact]
    public void Samples_WhereAllAreRight_AreRightOnes_AndWhereThereIsNoFile_None()
    {
        Assert.Equal([true, true, true], TrialSamples.Read(Results(("1", 1), ("2", 1), ("3", 1), ("4", 1)), 3).Select(s => s.Right!.Value));
        Assert.Equal([false, false], TrialSamples.Read(Results(("1", 0), ("2", 0), ("3", 0)), 2).Select(s => s.Right!.Value));
        Assert.Empty(TrialSamples.Read(_folder["results_none.json"], 3));
        Assert.Empty(TrialSamples.Read(null, 3));
    }
}
