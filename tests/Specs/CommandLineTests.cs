using AlpacaCot.Specs;
using AlpacaCot.Specs.CommandLine;
using AlpacaCot.Specs.Methods;

namespace AlpacaCot.Tests.Specs;

/// <summary>What a command line says is read and judged as it is in a sweep file.</summary>
public sealed class CommandLineTests
{
    private static Dictionary<string, IReadOnlyList<string>> Given(string line)
        => line.Split("--", StringSplitOptions.RemoveEmptyEntries).Select(part => part.Trim().Split(' ', StringSplitOptions.RemoveEmptyEntries)).ToDictionary(part => part[0].Replace('-', '_'), part => (IReadOnlyList<string>)part[1..]);

    private static SingleTraining Train(string line, out IReadOnlyList<SpecError> remarks) => TrainOptions.Read(Given(line), path => path.StartsWith("here", StringComparison.Ordinal), out remarks);

    [Fact]
    public void Train_Everything_IsTheSpecOfASweep()
    {
        var single = Train("--data here alpaca goat:add,subtraction --template goat --method lora --r 4 --alpha 8 --dropout 0.1 --targets q_proj v_proj --learning-rate 1e-3 --batch-size 2 --schedule cosine --seed 3 --train-on-prompt true", out var remarks);
        Assert.Empty(remarks);
        var spec = SweepDocument.ParseValid("name: a\nmodels: m\npeft: [{ method: lora, r: 4, alpha: 8, dropout: 0.1, targets: [q_proj, v_proj] }]\ndata: d\ntraining: { learning_rate: 1e-3, batch_size: 2, schedule: cosine, train_on_prompt: true }");
        Assert.Equal(MethodCatalogue.AdapterConfig(spec.Peft[0]).ToJsonString(), MethodCatalogue.AdapterConfig(single.Method).ToJsonString());
        Assert.Equal(SweepSpecJson.Write(spec with { Training = spec.Training }), SweepSpecJson.Write(spec with { Training = single.Training }));
        Assert.Equal(("here", "alpaca", 3L, "goat"), (single.Data.Sources[0].Path, single.Data.Sources[1].Set, single.Seed, single.Data.Template));
        Assert.Equal([GoatOperation.Add, GoatOperation.Subtract], single.Data.Sources[2].Goat!.Operations);
    }

    [Theory]
    [InlineData("--encoding GB18030", "gb18030")]
    [InlineData("--encoding Latin-1", "iso-8859-1")]
    [InlineData("--encoding ISO_8859-1", "iso-8859-1")]
    [InlineData("--encoding CP1252", "windows-1252")]
    [InlineData("--encoding UTF-8", null)]
    [InlineData("", null)]
    public void Train_Encoding_IsThatOfEveryFileByItsOneName(string option, string? encoding)
    {
        var sources = Train($"--data here alpaca goat {option}", out var remarks).Data.Sources;
        Assert.Empty(remarks);
        Assert.Equal([encoding, encoding, null], sources.Select(source => source.Encoding));
        Assert.All(sources, source => Assert.Empty(source.Mistakes()));
    }

    [Fact]
    public void Train_LeftOut_IsTheMethodsDefault()
        => Assert.Equal(3e-3, Train("--data here --method ia3", out _).Resolve().LearningRate);

    [Theory]
    [InlineData("--data here --batch-size 0", "--batch-size: must be from 1 to 65536, and is 0")]
    [InlineData("--data here --r 0", "--r: must be from 1 to 4096, and is 0")]
    [InlineData("--data here --epochs many", "--epochs: must be a number, and is 'many'")]
    [InlineData("--data here --method ia3 --r 4", "--r: ia3 has no such option; it has --targets")]
    [InlineData("--data here --method loar", "--method: PEFT method 'loar' is not known; did you mean 'lora'?")]
    [InlineData("--data here --targets q_proj all-linear", "--targets: all-linear stands alone")]
    [InlineData("--data here --template alpaca-short", "--template: there is no template 'alpaca-short'; did you mean 'alpaca_short'?")]
    [InlineData("--data goat:ad", "--data: the generator has no operation 'ad'; did you mean 'add'?")]
    [InlineData("--method lora", "--data: names no data")]
    [InlineData("--data here --encoding gb1803", "--encoding: 'gb1803' is not known; did you mean 'gb18030'?")]
    [InlineData("--data goat --encoding gbk", "--encoding: says how files are read; a generator has none")]
    [InlineData("--data here --schedule constant --warmup-steps 3", "--schedule: 'constant' has no warm-up")]
    public void Train_OneMistake_IsNamedByItsOption(string line, string says)
    {
        Train(line, out var remarks);
        Assert.StartsWith(says, Assert.Single(remarks, r => r.Severity == SpecSeverity.Error).ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("all-linear", "\"all-linear\"")]
    [InlineData(".*(q|v)_proj", "\".*(q|v)_proj\"")]
    [InlineData("q_proj", "[\"q_proj\"]")]
    public void Train_Targets_AreNamesOrAPattern(string targets, string json)
        => Assert.Equal(json, Train("--data here --targets " + targets, out _).Method.Options["target_modules"].GetRawText());

    [Fact]
    public void Train_RateOfZero_IsARemarkAsInASweep()
    {
        Train("--data here --learning-rate 0", out var remarks);
        Assert.Equal(("--learning-rate", SpecSeverity.Advice), (Assert.Single(remarks).Path, remarks[0].Severity));
    }

    [Fact]
    public void Options_OfEveryMethodAndSetting_AreExplained()
    {
        Assert.All(TrainOptions.All, option => Assert.False(string.IsNullOrWhiteSpace(option.Meaning)));
        Assert.Equal(TrainOptions.All.Count, TrainOptions.All.Select(option => option.Name).Distinct().Count());
        Assert.All(MethodCatalogue.All.SelectMany(method => method.Options), option => Assert.Contains(TrainOptions.All, known => known.Key == option.ShortName));
        Assert.Contains("alpaca_short", TrainOptions.All.Single(option => option.Key == "template").Meaning, StringComparison.Ordinal);
    }

    [Fact]
    public void Suites_LimitOfZero_IsRefusedAsInASweep()
    {
        AskingOptions.ReadSuites(Given("--suite perplexity --limit 0"), out var remarks);
        Assert.Equal("--limit: must be at least 1, and is 0", Assert.Single(remarks).ToString());
        var suites = AskingOptions.ReadSuites(new Dictionary<string, IReadOnlyList<string>> { ["suite"] = ["a", "b"], ["suite_options"] = ["{\"file\": \"q.jsonl\", \"n\": [1, 2]}"], ["few_shot"] = ["2"] }, out remarks);
        Assert.Empty(remarks);
        Assert.Equal([("a", 2), ("b", 2)], suites.Select(s => (s.Suite, s.FewShot)));
        Assert.Equal(("\"q.jsonl\"", "[1,2]"), (suites[0].Options["file"].GetRawText(), suites[0].Options["n"].GetRawText()));
    }

    [Fact]
    public void Decoding_IsGreedyUnlessATemperatureIsGiven()
    {
        Assert.Equal(DecodingSpec.Greedy, AskingOptions.ReadDecoding(Given("--max-new-tokens 3 --stop x y"), out var remarks).Strategy);
        Assert.Empty(remarks);
        Assert.Equal((DecodingSpec.Sample, 0.5), (AskingOptions.ReadDecoding(Given("--temperature 0.5"), out _).Strategy, AskingOptions.ReadDecoding(Given("--temperature 0.5"), out _).Temperature));
        AskingOptions.ReadDecoding(Given("--top-p 0.5"), out remarks);
        Assert.Contains("no effect on greedy", Assert.Single(remarks).Message, StringComparison.Ordinal);
    }
}
