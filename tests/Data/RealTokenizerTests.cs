using System.Text.Json;
using AlpacaCot.Data.Catalogue;
using AlpacaCot.Data.Goat;
using AlpacaCot.Data.Importing;
using AlpacaCot.Data.Masking;
using AlpacaCot.Data.Preparation;
using AlpacaCot.Data.Templates;
using AlpacaCot.Specs;
using AlpacaCot.Tests;
using AlpacaCot.Tokenizers;

namespace AlpacaCot.Data.Tests;

/// <summary>Masks under the tokenizers that models come with.</summary>
public sealed class RealTokenizerTests
{
    public static TheoryData<string, string> Cases
    {
        get
        {
            var cases = new TheoryData<string, string>();
            foreach (var tokenizer in (string[])["tokenizers/llama", "tokenizers/internlm/tokenizer_internlm.model"])
                foreach (var template in PromptTemplates.All) cases.Add(tokenizer, template.Name);
            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Build_AlpacaRows_KeepsEveryPromise(string folder, string name)
    {
        var tokenizer = TokenizerDirectory.Load(RealData.File(folder));
        var template = PromptTemplates.Get(name);
        var builder = new ExampleBuilder(tokenizer, template, 4096);
        foreach (var record in RecordReader.Read(RealData.File("instructions/alpaca_en_demo.json")).Concat(RecordReader.Read(RealData.File("instructions/alpaca_zh_demo.json"))).Where(r => r.Row % 10 == 0))
        {
            var built = builder.Build(record);
            if (built.Example is null) continue;
            var (ids, labels) = built.Example;
            var prompt = ExampleBuilder.PromptIds(tokenizer, template.Prompt(record.Instruction, record.Input));

            Assert.Equal(prompt, ids[..prompt.Length]);
            Assert.Equal(prompt.Length, labels.Count(label => label == Example.Ignored));
            Assert.Equal(ids[prompt.Length..], labels[prompt.Length..]);
            Assert.Equal(tokenizer.EosId, ids[^1]);
            Assert.DoesNotContain(tokenizer.EosId!.Value, ids[..^1]);
            Assert.Equal(template.Prompt(record.Instruction, record.Input) + template.Response(record.Output), tokenizer.Decode(ids, skipSpecialTokens: true));
        }
    }

    [Fact]
    public void Build_EndOfSequenceWrittenInARow_IsText()
    {
        var tokenizer = TokenizerDirectory.Load(RealData.File("tokenizers/llama"));

        var built = new ExampleBuilder(tokenizer, PromptTemplates.Alpaca, 512).Build(new InstructionRecord("What does </s> mean?", "", "It is </s> or <s>.", null, null, "t", 1));

        Assert.Equal([tokenizer.EosId!.Value], built.Example!.Ids[1..].Where(tokenizer.IsSpecial));
    }

    [Fact]
    public void Goat_LlamaTokens_AreDigitsOneByOne()
    {
        var tokenizer = TokenizerDirectory.Load(RealData.File("tokenizers/llama"));
        var builder = new ExampleBuilder(tokenizer, PromptTemplates.Goat, 512);
        foreach (var (question, record) in GoatGenerator.Generate(new GoatOptions { Operations = Enum.GetValues<GoatOperation>(), MaxDigits = 6, Count = 300, Style = GoatStyle.Steps }, seed: 0))
        {
            var example = builder.Build(record).Example!;
            var answer = example.Labels.Where(label => label != Example.Ignored).ToArray();

            Assert.Equal(record.Output, tokenizer.Decode(answer[..^1]));
            Assert.All(answer, id => Assert.True(tokenizer.Token(id).Count(char.IsAsciiDigit) <= 1 || tokenizer.Token(id).StartsWith("<0x", StringComparison.Ordinal), tokenizer.Token(id)));
        }
    }

    [Fact]
    public void Preview_RealRow_SpellsPromptAndAnswer()
    {
        var tokenizer = TokenizerDirectory.Load(RealData.File("tokenizers/llama"));
        var spec = new DataSpec { Sources = [new() { Set = "alpaca", Language = "zh" }, new() { Set = "cot-qasc" }] };

        var rows = DataPreview.Rows(new DatasetCatalogue(RealData.Require()), spec, tokenizer, PromptTemplates.Alpaca, 2048, seed: 0, count: 6);

        Assert.Equal(6, rows.Count);
        Assert.All(rows, row => Assert.Equal(["<s>" + row.Prompt, row.Response + "</s>"], row.Spans.Select(span => span.Text)));
    }

    /// <summary>The rows that the reference trainer was fed: real Alpaca rows. (It encodes an answer as a text of its own, so only prompts compare.)</summary>
    public static IEnumerable<object[]> TrainingCases => Golden.Folders("training_run");

    [Theory]
    [Trait("Category", "Golden")]
    [MemberData(nameof(TrainingCases))]
    public void PromptIds_TrainerRows_GivesTheSameIds(string folder)
    {
        var golden = Golden.Open(folder);
        Assert.SkipUnless(golden.Json.TryGetProperty("base", out var model), "the case names no base");
        var tokenizer = TokenizerDirectory.Load(Golden.Resolve(model.GetString()!));
        foreach (var line in File.ReadLines(golden.File("rows.jsonl")).Concat(File.ReadLines(golden.File("held.jsonl"))))
        {
            using var row = JsonDocument.Parse(line);
            var prompt = Ints(row, "ids")[..Ints(row, "labels").TakeWhile(label => label == Example.Ignored).Count()];

            if (prompt.Length > 0) Assert.Equal(prompt, ExampleBuilder.PromptIds(tokenizer, tokenizer.Decode(prompt, skipSpecialTokens: true)));
        }
    }

    private static int[] Ints(JsonDocument json, string name) => [.. json.RootElement.GetProperty(name).EnumerateArray().Select(value => value.GetInt32())];
}
