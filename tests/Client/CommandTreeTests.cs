using System.CommandLine;
using System.CommandLine.Parsing;
using AlpacaCot.Client;
using AlpacaCot.Client.Commands;

namespace AlpacaCot.Tests.Client;

/// <summary>The map of the product, read without running anything.</summary>
public sealed class CommandTreeTests
{
    private static Command Tree() => CommandTree.Build(() => throw new InvalidOperationException("no command is run here"));

    private static IEnumerable<(string Path, Command Command)> Leaves(Command command, string path = "")
        => command.Subcommands.Count == 0 ? [(path, command)] : command.Subcommands.SelectMany(sub => Leaves(sub, $"{path} {sub.Name}".Trim()));

    public static TheoryData<string> Paths => [.. Leaves(Tree()).Select(leaf => leaf.Path)];

    private static Command Find(string path) => Leaves(Tree()).Single(leaf => leaf.Path == path).Command;

    [Theory, MemberData(nameof(Paths))]
    public void EveryCommand_HasAnExampleThatParsesToIt(string path)
    {
        var example = Help.ExampleOf(Find(path));
        Assert.NotNull(example);
        foreach (var line in example.Split('\n'))
        {
            var parsed = Tree().Parse(CommandLineParser.SplitCommandLine(line).ToArray());
            Assert.Empty(parsed.Errors);
            Assert.Equal(path, string.Join(' ', CommandTree.PathOf(parsed)));
        }
    }

    [Theory, MemberData(nameof(Paths))]
    public void EveryCommand_DescribesItselfAndPrintsJson(string path)
    {
        var command = Find(path);
        Assert.False(string.IsNullOrWhiteSpace(command.Description));
        if (path != "silo") Assert.Contains(command.Options, option => option.Name == "--json");
        Assert.All(command.Options, option => Assert.False(string.IsNullOrWhiteSpace(option.Description), option.Name));
    }

    [Theory]
    [InlineData("sweep rum x.yaml", "rum")]
    [InlineData("trian --model m", "trian")]
    [InlineData("train --model m", "--out")]
    [InlineData("train --model m --out o --epochs many", "many")]
    [InlineData("sweep run", "'run'")]
    [InlineData("sweep run a.yaml --slots two", "two")]
    [InlineData("generate --model m --prompt p --unheard-of 1", "--unheard-of")]
    public void Parse_WrongCommand_NamesWhatIsWrong(string line, string names)
        => Assert.Contains(Tree().Parse(line).Errors, error => error.Message.Contains(names, StringComparison.Ordinal));

    [Theory]
    [InlineData("sweep rum x.yaml", "'rum' was not matched. Did you mean one of the following?\nrun\n", "see: alpacacot sweep --help")]
    [InlineData("sweep run a.yaml --slot 2", "\n--slots\n", "see: alpacacot sweep run --help")]
    [InlineData("", "error: Required command", "see: alpacacot --help")]
    [InlineData("sweep rum x.yaml", "error: Unrecognized command or argument 'rum'.", "see: alpacacot sweep --help")]
    [InlineData("bench decode", "error: 'bench' is a command of a checkout", "./alpacacot bench")]
    [InlineData("test --soak", "error: 'test' is a command of a checkout", "./alpacacot test")]
    public void Print_WrongCommand_SuggestsWhatIsNearAndWhereToRead(string line, string shows, string see)
    {
        var output = new StringWriter { NewLine = "\n" };
        WrongUsage.Print(Tree().Parse(line), output);
        Assert.Contains(shows, output.ToString().ReplaceLineEndings("\n"), StringComparison.Ordinal);
        Assert.EndsWith(see + "\n", output.ToString(), StringComparison.Ordinal);
        // What is not known is no missing command.
        Assert.Equal(line.Length == 0, output.ToString().Contains("Required command", StringComparison.Ordinal));
    }

    [Fact]
    public void Help_EndsWithTheExample()
    {
        var output = new StringWriter();
        var code = Tree().Parse("sweep run --help").Invoke(new InvocationConfiguration { Output = output });
        Assert.Equal(0, code);
        Assert.Contains("Example:\n  ./alpacacot sweep run examples/quickstart.yaml --name first", output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void ToolCommand_OptionsBecomeJsonNames_AndWhatIsNotGivenIsLeftOut()
    {
        var tool = new ToolCommand(() => throw new InvalidOperationException(), "t", "t", "d", "t")
            .Argument("IN", "d").Required("--model", "d").Option<int?>("--max-new-tokens", "d").Option<double?>("--top-p", "d").Option<bool>("--greedy", "d")
            .Option<string[]>("--stop", "d").Option<string>("--cue", "d").Option<long?>("--seed", "d");
        string Json(string line) => tool.OptionsOf(tool.Command.Parse(line)).ToJsonString(ClientJson.Options);
        Assert.Equal("""{"in":"file","model":"m"}""", Json("file --model m"));
        Assert.Equal(
            """{"in":"file","model":"m","max_new_tokens":5,"top_p":0.5,"greedy":true,"stop":["a","b","c"],"cue":"Let's","seed":9007199254740993}""",
            Json("file --model m --max-new-tokens 5 --top-p 0.5 --greedy --stop a b --stop c --cue Let's --seed 9007199254740993"));
    }

    [Fact]
    public void ToolCommand_ManyArguments_BecomeAList()
    {
        var tool = new ToolCommand(() => throw new InvalidOperationException(), "t", "t", "d", "t").Arguments("DATA", "d");
        Assert.Equal("""{"data":["a","b"]}""", tool.OptionsOf(tool.Command.Parse("a b")).ToJsonString());
        Assert.NotEmpty(tool.Command.Parse("").Errors);
    }
}
