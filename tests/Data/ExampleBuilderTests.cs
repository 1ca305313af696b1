using AlpacaCot.Data.Masking;
using AlpacaCot.Data.Templates;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Randomness;

namespace AlpacaCot.Data.Tests;

public sealed class ExampleBuilderTests
{
    private static readonly ByteTokenizer _tokenizer = new();

    public static TheoryData<string> Templates => [.. PromptTemplates.All.Select(template => template.Name)];

    [Fact]
    public void Names_OfTheTemplates_AreThoseThatASpecMayName() => Assert.Equal(TemplateNames.All, PromptTemplates.All.Select(template => template.Name));

    /// <summary>The same ids, and every one of them is learnt.</summary>
    [Fact]
    public void Build_TrainOnPrompt_LearnsThePromptToo()
    {
        var record = new InstructionRecord("Add 1 and 2.", "", "3", null, null, "test", 1);
        var answers = new ExampleBuilder(_tokenizer, PromptTemplates.Alpaca, 512).Build(record).Example!;
        var all = new ExampleBuilder(_tokenizer, PromptTemplates.Alpaca, 512, trainOnPrompt: true).Build(record).Example!;
        Assert.Equal(answers.Ids, all.Ids);
        Assert.Equal(all.Ids, all.Labels);
        Assert.Contains(Example.Ignored, answers.Labels);
    }

    [Theory]
    [MemberData(nameof(Templates))]
    public void Build_RandomRows_KeepsEveryPromise(string name)
    {
        var template = PromptTemplates.Get(name);
        var random = SeededRandom.For(1, name);
        for (var trial = 0; trial < 400; trial++)
        {
            var record = new InstructionRecord(Text(random, 40), random.Next(2) == 0 ? "" : Text(random, 40), Text(random, 60), null, null, "test", trial);
            var cutoff = 3 + random.Next(400);
            var prompt = ExampleBuilder.PromptIds(_tokenizer, template.Prompt(record.Instruction, record.Input));
            var whole = prompt.Length + ExampleBuilder.AnswerIds(_tokenizer, template.Response(record.Output)).Length + 1;

            var built = new ExampleBuilder(_tokenizer, template, cutoff).Build(record);

            if (built.Example is null)
            {
                Assert.True(prompt.Length + 2 > cutoff, "refused although the prompt, a token and EOS fit");
                Assert.Equal(RefusalCause.PromptFillsCutoff, built.Refused);
                continue;
            }
            var (ids, labels) = built.Example;
            Assert.True(ids.Length <= cutoff, "over the cutoff");
            Assert.Equal(ids.Length, labels.Length);
            Assert.Equal(prompt, ids[..prompt.Length]);
            Assert.All(labels[..prompt.Length], label => Assert.Equal(Example.Ignored, label));
            Assert.Equal(ids[prompt.Length..], labels[prompt.Length..]);
            Assert.Equal(2, ids[^1]);
            Assert.Equal(1, ids.Count(id => id == 2));
            Assert.Equal(whole > cutoff, built.Truncated);
            Assert.Equal(ids.Length - prompt.Length, built.Example.SupervisedTokens);
            if (!built.Truncated)
                Assert.Equal(template.Prompt(record.Instruction, record.Input) + template.Response(record.Output), _tokenizer.Decode(ids, skipSpecialTokens: true));
        }
    }

    [Theory]
    [InlineData("Say hi.", "", " \n", RefusalCause.EmptyAnswer)]
    [InlineData(" ", "", "hi", RefusalCause.EmptyPrompt)]
    public void Build_NothingToLearn_IsRefused(string instruction, string input, string output, RefusalCause cause)
        => Assert.Equal(cause, new ExampleBuilder(_tokenizer, PromptTemplates.Plain, 100).Build(new InstructionRecord(instruction, input, output, null, null, "t", 1)).Refused);

    [Theory]
    [InlineData(4, false)] // BOS, "q", line break and EOS: no room for the answer
    [InlineData(5, true)]
    public void Build_PromptAtTheCutoff_NeedsRoomForOneTokenAndEos(int cutoff, bool kept)
    {
        var built = new ExampleBuilder(_tokenizer, PromptTemplates.Plain, cutoff).Build(new InstructionRecord("q", "", "answer", null, null, "t", 1));

        Assert.Equal(kept, built.Example is not null);
        if (kept) Assert.Equal([1, 'q' + 3, '\n' + 3, 'a' + 3, 2], built.Example!.Ids);
    }

    [Fact]
    public void PromptIds_TokenizerAddsEos_LeavesItOut()
        => Assert.Equal([1, 'q' + 3], ExampleBuilder.PromptIds(new ByteTokenizer(addsEos: true), "q"));

    [Fact]
    public void Builder_WithoutEos_IsRefused()
        => Assert.Contains("no EOS", Assert.Throws<DatasetException>(() => new ExampleBuilder(new ByteTokenizer(eos: null), PromptTemplates.Plain, 10)).Message, StringComparison.Ordinal);

    private static string Text(SeededRandom random, int most)
    {
        const string alphabet = "abc XYZ 0123456789 \n{}#: é 问题 😀";
        var runes = alphabet.EnumerateRunes().ToArray();
        return "a" + string.Concat(Enumerable.Range(0, random.Next(most)).Select(_ => runes[random.Next(runes.Length)].ToString()));
    }
}
