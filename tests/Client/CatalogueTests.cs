using System.CommandLine;
using AlpacaCot.Client.Commands;
using AlpacaCot.Client.Console;
using AlpacaCot.Client.Running;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Methods;

namespace AlpacaCot.Tests.Client;

/// <summary>What <c>list</c> and <c>show</c> say of methods, suites and schedules.</summary>
public sealed class CatalogueTests
{
    [Fact]
    public void Methods_NameEveryOptionWithDefaultAndMeaning()
    {
        foreach (var method in MethodCatalogue.All)
        {
            var entry = Catalogue.Methods.Single(entry => entry.Name == method.Name);
            Assert.Equal(method.Options.Count, entry.Options.Count);
            foreach (var (option, shown) in method.Options.Zip(entry.Options))
            {
                Assert.StartsWith(option.ShortName, shown.Name, StringComparison.Ordinal);
                Assert.Equal(option.Meaning, shown.Meaning);
                Assert.Equal(option.Default is null, shown.Default is null);
            }
        }
    }

    [Fact]
    public void Methods_SayWhatTheyTrain_AndNumbersAsPeopleWriteThem()
    {
        Assert.All(Catalogue.Methods, method => Assert.True(method.About.Length > 20 && !method.About.Contains("PEFT", StringComparison.Ordinal), method.Name));
        var lora = Catalogue.Methods.Single(method => method.Name == "lora");
        Assert.Equal(("0.000001", "none"), (lora.Options.Single(o => o.Name.StartsWith("lr_embedding", StringComparison.Ordinal)).Default, lora.Options.Single(o => o.Name == "bias").Default));
        Assert.StartsWith("0.00002 where none is given", Catalogue.Methods.Single(method => method.Name == "full").Facts.Single(fact => fact.Name == "learning_rate").Value, StringComparison.Ordinal);
        // What trains the base itself is none of PEFT's types.
        Assert.DoesNotContain(Catalogue.Methods.Single(method => method.Name == "full").Facts, fact => fact.Name == "peft_type");
    }

    public static TheoryData<string> Examples => [.. Catalogue.Methods.Select(m => $"peft: [{m.Example}]").Concat(Catalogue.Suites.Select(s => $"peft: [lora]\nevaluation: [{s.Example}]")).Concat(Catalogue.Schedules.Select(s => $"peft: [lora]\n{s.Example}"))];

    [Theory, MemberData(nameof(Examples))]
    public void Examples_AreLinesThatASweepTakes(string lines)
        => Assert.Empty(SweepDocument.Parse($"name: x\nmodels: [m]\ndata: [goat]\n{lines}").Errors);

    [Fact]
    public void Print_OfASuite_HasOptionDefaultAndExample()
    {
        var output = new StringWriter { NewLine = "\n" };
        CatalogueView.Print(Catalogue.Suites.Single(suite => suite.Name == "exact-match"), output);
        foreach (var part in (string[])["file: file (required)", "extract: final, last_number, first_line, none (default: final)", "few_shot: whole number from 0 to 1000 (default: 0)", "example\n  { suite: exact-match"])
            Assert.Contains(part, output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void RootHelp_FitsOnOneScreen_AndNamesEveryCommand()
    {
        var tree = CommandTree.Build(() => throw new InvalidOperationException());
        var output = new StringWriter { NewLine = "\n" };
        RootHelp.Print(tree, output);
        var lines = output.ToString().TrimEnd('\n').Split('\n');
        Assert.InRange(lines.Length, 1, 24);
        Assert.All(lines, line => Assert.InRange(line.Length, 1, 80));
        foreach (var command in tree.Subcommands)
        {
            Assert.Contains(lines, line => line.StartsWith($"  {command.Name} ", StringComparison.Ordinal));
            // Those below it are named too, where it is nothing without them.
            if (command.Name is "sweep" or "model" or "tokenizer" or "data")
                Assert.All(command.Subcommands, sub => Assert.Contains(sub.Name, output.ToString(), StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Version_NamesTheProgramsAndOrleans()
    {
        string Said(string line)
        {
            var output = new StringWriter();
            Assert.Equal(0, CommandTree.Build(() => throw new InvalidOperationException()).Parse(line).Invoke(new InvocationConfiguration { Output = output }));
            return output.ToString();
        }
        Assert.Matches(@"^alpacacot \d+\.\d+\.\d+.*, \.NET 10\..*, Orleans 10\.[0-9.]*[0-9]\s*$", Said("--version"));
        var json = System.Text.Json.JsonDocument.Parse(Said("--version --json")).RootElement;
        Assert.Matches(@"^\d+\.\d+\.\d+", json.GetProperty("version").GetString());
    }
}
