using System.CommandLine;
using System.CommandLine.Parsing;
using AlpacaCot.Client;
using AlpacaCot.Client.Commands;
using AlpacaCot.Worker.Protocol.Tools;

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
    [InlineData("swep list", "error: 'swep' is no command; did you mean 'sweep'?\nsee:", "see: alpacacot --help")]
    [InlineData("modl show x --json", "error: 'modl' is no command; did you mean 'model'?\nsee:", "see: alpacacot --help")]
    [InlineData("data goat verfy rows.jsonl", "error: 'verfy' is no command; did you mean 'verify'?\nsee:", "see: alpacacot data goat --help")]
    [InlineData("sweep run a.yaml --slot 2", "\n--slots\n", "see: alpacacot sweep run --help")]
    [InlineData("", "error: alpacacot needs a command: quickstart, init, sweep, ", "see: alpacacot --help")]
    [InlineData("sweep", "error: alpacacot sweep needs a command: validate, run, ", "see: alpacacot sweep --help")]
    [InlineData("data goat", "error: alpacacot data goat needs a command: ", "see: alpacacot data goat --help")]
    [InlineData("sweep run --detch a.yaml", "error: '--detch' is no option here; did you mean '--detach'?\nsee:", "see: alpacacot sweep run --help")]
    [InlineData("sweep list --jsn", "\n--json\n", "see: alpacacot sweep list --help")]
    [InlineData("sweep rum x.yaml", "error: 'rum' is no command; did you mean 'run'?\nsee:", "see: alpacacot sweep --help")]
    [InlineData("sweep xyzzy", "error: 'xyzzy' is no command; known are ask, cancel", "see: alpacacot sweep --help")]
    [InlineData("bench decode", "error: 'bench' is a command of a checkout", "./alpacacot bench")]
    [InlineData("test --soak", "error: 'test' is a command of a checkout", "./alpacacot test")]
    public void Print_WrongCommand_SuggestsWhatIsNearAndWhereToRead(string line, string shows, string see)
    {
        var output = new StringWriter { NewLine = "\n" };
        WrongUsage.Print(Tree().Parse(line), output);
        Assert.Contains(shows, output.ToString().ReplaceLineEndings("\n"), StringComparison.Ordinal);
        Assert.EndsWith(see + "\n", output.ToString(), StringComparison.Ordinal);
        // What is not known is no missing command.
        Assert.DoesNotContain("Required command", output.ToString(), StringComparison.Ordinal);
    }

    /// <summary>Words that an argument swallowed parse well: <c>--jsn</c> would be a trial's name.</summary>
    [Theory]
    [InlineData("sweep show first --jsn", "--jsn")]
    [InlineData("sweep show first trial --json", null)]
    [InlineData("sweep show -- --first", null)]
    [InlineData("generate --model m --prompt --greedyy", null)]
    public void MistypedOption_OfAnArgument_IsFound(string line, string? option) => Assert.Equal(option, WrongUsage.MistypedOption(Tree().Parse(line))?.Option);

    [Fact]
    public void Help_EndsWithTheExample()
    {
        var output = new StringWriter();
        var code = Tree().Parse("sweep run --help").Invoke(new InvocationConfiguration { Output = output });
        Assert.Equal(0, code);
        Assert.Contains("Example:\n  ./alpacacot sweep run examples/quickstart.yaml --name first", output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void ToolCommand_WhatIsGivenIsInTheRequest_WhatIsNotKeepsItsDefault()
    {
        var tool = ToolCommand.For(() => throw new InvalidOperationException(), new PretrainRequest { Out = "" }, "t", "d", "t")
            .Argument("OUT", "d", (r, v) => r with { Out = v }).Required("--task", "d", (r, v) => r with { Task = v }).Texts("--text", "d", (r, v) => r with { Text = v })
            .Text("--cue", "d", (r, v) => r with { Cue = v }).Whole("--steps", "d", 1, 100, (r, v) => r with { Steps = v }).Number("--rate", "d", 10, (r, v) => r with { LearningRate = v })
            .Flag("--force", "d", (r, v) => r with { Force = v }).Seed("d", (r, v) => r with { Seed = v });
        PretrainRequest Of(string line) => tool.RequestOf(tool.Command.Parse(line));
        Assert.Equal(new PretrainRequest { Out = "file", Task = "x" }, Of("file --task x"));
        var whole = Of("file --task x --text a b --text c --cue Let's --steps 5 --rate 0.5 --force --seed 9007199254740993");
        Assert.Equal(["a", "b", "c"], whole.Text);
        Assert.Equal(("Let's", 5, 0.5, true, 9007199254740993L), (whole.Cue, whole.Steps, whole.LearningRate, whole.Force, whole.Seed));
    }

    [Fact]
    public void ToolCommand_ManyArguments_BecomeAList()
    {
        var tool = ToolCommand.For(() => throw new InvalidOperationException(), new CompareTokenizersRequest { Tokenizers = [] }, "t", "d", "t").Arguments("TOKENIZERS", "d", (r, v) => r with { Tokenizers = v });
        Assert.Equal(["a", "b"], tool.RequestOf(tool.Command.Parse("a b")).Tokenizers);
        Assert.NotEmpty(tool.Command.Parse("").Errors);
    }

    /// <summary>A number that cannot be meant would be a loop, memory or a thread for each of it.</summary>
    [Theory]
    [InlineData("generate --model m --prompt p --max-new-tokens 0", "--max-new-tokens: must be from 1")]
    [InlineData("generate --model m --prompt p --top-k -1", "--top-k: must be at least 0")]
    [InlineData("generate --model m --prompt p --threads -2", "--threads -2 is not from 1 to 1024")]
    [InlineData("generate --model m --prompt p --threads 2147483647", "--threads 2147483647 is not from 1 to 1024")]
    [InlineData("train --model m --data d --out o --threads 0", "--threads 0 is not from 1 to 1024")]
    [InlineData("generate --model m --prompt p --num-return-sequences 2147483647", "--num-return-sequences")]
    [InlineData("generate --model m --prompt p --logprobs -1", "--logprobs -1 is not from 0 to 1000")]
    [InlineData("eval --model m --suite goat-arithmetic --limit 0", "--limit: must be at least 1")]
    [InlineData("eval --model m --suite goat-arithmetic --few-shot 2147483647", "must be from 0 to 1000, and is 2147483647")]
    [InlineData("eval --model m --suite goat-arithmetic --few-shot -1", "--few-shot: must be from 0 to 1000")]
    [InlineData("merge --model m --adapter a --out o --tolerance -1", "--tolerance -1 is not at least 0")]
    [InlineData("merge --model m --adapter a --out o --tolerance NaN", "--tolerance NaN is not at least 0")]
    [InlineData("adapter combine a --model m --out o --density 0", "--density 0 is not above 0 and at most 1")]
    [InlineData("adapter combine a --model m --out o --weights 1 NaN", "--weights 1 NaN is not finite")]
    [InlineData("adapter combine a --model m --out o --rank 2147483647", "--rank")]
    [InlineData("model pretrain o --steps 0", "--steps 0 is not from 1")]
    [InlineData("model pretrain o --batch-size 2147483647", "--batch-size")]
    [InlineData("model pretrain o --layers 2147483647", "--layers")]
    [InlineData("model pretrain o --hidden 2147483647", "--hidden")]
    [InlineData("model pretrain o --digits -1", "--digits")]
    [InlineData("model pretrain o --learning-rate 0", "--learning-rate 0 is not above 0 and at most 10")]
    [InlineData("tokenizer train o --vocab 2147483647", "--vocab")]
    [InlineData("data show a.json --model m --rows 2147483647", "--rows")]
    [InlineData("data show a.json --model m --cutoff-len 0", "--cutoff-len 0 is not from 1")]
    [InlineData("sweep run a.yaml --slots 2147483647", "--slots 2147483647 is not from 1 to 4096")]
    [InlineData("sweep validate a.yaml --slots 0", "--slots 0 is not from 1 to 4096")]
    [InlineData("sweep show a --samples -1", "--samples -1 is not at least 0")]
    [InlineData("sweep ask a t --max-new-tokens 2147483647", "--max-new-tokens")]
    public void Parse_NumberOutOfBounds_IsRefusedByNameAndLimit(string line, string says)
    {
        var errors = Tree().Parse(line).Errors;
        Assert.Contains(errors, error => error.Message.Contains(says, StringComparison.Ordinal));
        Assert.All(errors, error => Assert.DoesNotContain("verflow", error.Message, StringComparison.Ordinal));
    }
}
