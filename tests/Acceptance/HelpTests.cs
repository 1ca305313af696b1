namespace AlpacaCot.Tests.Acceptance;

/// <summary>What a user reads first: help with an example for every command.</summary>
[Trait("Category", "Acceptance")]
public sealed class HelpTests(Bases bases)
{
    private static readonly string[] _commands =
    [
        "quickstart", "init", "silo", "train", "eval", "generate", "merge", "doctor", "disk", "disk clean", "sweep", "sweep validate", "sweep run", "sweep watch", "sweep status", "sweep show",
        "sweep ask", "sweep report", "sweep cancel", "sweep resume", "sweep delete", "sweep list", "list", "list models", "list methods", "list data", "list suites", "list templates", "list schedules", "list optimizers", "show",
        "show model", "show method", "show data", "show suite", "show template", "show schedule", "show optimizer", "model", "model add", "model convert", "model pretrain", "model show", "model verify", "data", "data show",
        "data goat", "data goat generate", "data goat cells", "data goat verify", "data inspect", "data list", "data add", "data stats",
    ];

    [Fact]
    public async Task Help_OfThePlatform_IsAMapOfItsCommands()
    {
        using var home = new Home();
        var help = (await home.RunAsync("--help")).Done().Output;
        foreach (var command in _commands.Select(command => command.Split(' ')[0]).Distinct()) Assert.Contains($"  {command}", help, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Help_OfEveryCommand_HasAnExampleThatTheCommandLineTakes()
    {
        using var home = new Home();
        var helps = await Task.WhenAll(_commands.Select(command => home.RunAsync([.. command.Split(' '), "--help"])));
        foreach (var (command, help) in _commands.Zip(helps))
        {
            help.Done();
            Assert.Contains("Usage:", help.Output, StringComparison.Ordinal);
            var lines = help.Output.Split('\n');
            var at = Array.FindIndex(lines, line => line.StartsWith("Example:", StringComparison.Ordinal));
            Assert.True(at >= 0 && lines[at + 1].StartsWith("  ./alpacacot ", StringComparison.Ordinal), $"{command} --help has no example");
            Assert.StartsWith($"  ./alpacacot {command.Split(' ')[0]}", lines[at + 1], StringComparison.Ordinal);
        }
        // With --help at the end nothing runs, but what is in front of it is the command that the help is of.
        Assert.All(helps, help => Assert.Empty(Directory.Exists(home["logs"]) ? Directory.EnumerateFiles(home["logs"]) : []));
    }

    [Fact]
    public async Task EntryPoint_Help_RunsTheProgram()
    {
        using var home = new Home();
        var help = await home.StartProgram(Path.Combine(Programs.Checkout, "alpacacot"), "--help").EndAsync(TimeSpan.FromMinutes(5));
        Assert.Contains("quickstart", help.Done().Output, StringComparison.Ordinal);
    }

    /// <summary>What measures is a program of its own, built when it is asked for.</summary>
    [Fact]
    public async Task EntryPoint_Bench_RunsTheBenchmarks()
    {
        using var home = new Home();
        var list = await home.StartProgram(Path.Combine(Programs.Checkout, "alpacacot"), "bench", "--list").EndAsync(TimeSpan.FromMinutes(5));
        foreach (var name in (string[])["training", "cotraining", "decode", "load", "membw", "tokenize", "encode", "prepare", "scheduler", "report"]) Assert.Matches($"(?m)^{name} +[A-Z]", list.Done().Output);
        (await home.StartProgram(Path.Combine(Programs.Checkout, "alpacacot"), "bench", "unheard-of").EndAsync(TimeSpan.FromMinutes(5))).Refused(2, "'unheard-of'", "training");
    }

    [Fact]
    public async Task Generate_Greedy_PrintsPromptAndContinuation()
    {
        using var home = new Home();
        var text = (await home.RunAsync("generate", "--model", bases.Sums, "--prompt", "1 + 2 = ", "--max-new-tokens", "4", "--greedy")).Done().Output;
        Assert.StartsWith("1 + 2 = ", text, StringComparison.Ordinal);
        var json = (await home.RunAsync("generate", "--model", bases.Sums, "--prompt", "1 + 2 = ", "--max-new-tokens", "4", "--greedy", "--json")).Done().Json();
        Assert.Equal(text.TrimEnd('\n'), json.GetProperty("text").GetString()!.TrimEnd('\n'));
        Assert.InRange(json.GetProperty("ids").GetArrayLength(), 1, 4);
    }

    [Fact]
    public async Task Generate_Stories260K_EqualsThePublishedTextTokenForToken()
    {
        var published = await File.ReadAllTextAsync(RealData.File("models/stories260K/expected_greedy.txt"));
        published = published[(published.IndexOf("---\n", StringComparison.Ordinal) + 4)..].TrimEnd('\n');
        using var home = new Home();
        (await home.RunAsync(
            "model", "convert", RealData.File("models/stories260K/stories260K.bin"), home["stories"], "--tokenizer", RealData.File("models/stories260K/tok512.bin"))).Done();
        // The published run counts the prompt's beginning-of-sequence token as the first of its 256 steps.
        var json = (await home.RunAsync("generate", "--model", home["stories"], "--prompt", "", "--max-new-tokens", "256", "--greedy", "--json")).Done().Json();
        Assert.Equal(published, json.GetProperty("text").GetString()!.Trim());
    }
}
