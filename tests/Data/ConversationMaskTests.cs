using AlpacaCot.Data.Masking;
using AlpacaCot.Data.Templates;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Randomness;
using AlpacaCot.Tokenizers;

namespace AlpacaCot.Data.Tests;

/// <summary>Masks of conversations of several turns: no token of a question is learnt, every answer and an EOS is, decoding what is learnt gives the answers back.</summary>
public sealed class ConversationMaskTests
{
    private static readonly ByteTokenizer _tokenizer = new();

    public static TheoryData<string> Forms => [.. PromptTemplates.All.Select(template => template.Name), .. NamedChatTemplates.All.Select(template => TemplateNames.NamedChat + template.Name)];

    [Theory]
    [MemberData(nameof(Forms))]
    public void Build_RandomConversations_LearnsTheAnswersAlone(string name)
    {
        var form = ConversationForms.Get(name, _tokenizer, null);
        var random = SeededRandom.For(7, name);
        var built = 0;
        for (var trial = 0; trial < 200; trial++)
        {
            var conversation = Random(random);
            var example = new ExampleBuilder(_tokenizer, form, 1 << 20).Build(conversation);
            // Some templates know no system turn; none of them may fail on questions and answers alone.
            if (example.Refused == RefusalCause.TemplateRefuses && conversation.System.Length > 0) continue;
            Assert.Null(example.Refused);
            built++;
            MaskChecks.Check(_tokenizer, form, conversation, example.Example!);
        }
        Assert.True(built > 50, $"{built} conversations of 200 were rendered");
    }

    [Fact]
    public void Build_SystemToolsAndCalls_AreRenderedInTheirPlaces()
    {
        var conversation = new Conversation(
            [
                new Turn(TurnRole.System, "Be brief."), new Turn(TurnRole.User, "Weather?"), new Turn(TurnRole.Assistant, "{\"name\": \"w\"}") { IsCall = true, Learned = true },
                new Turn(TurnRole.Tool, "21"), new Turn(TurnRole.Assistant, "21 degrees") { Learned = true },
            ], "t", 1) { Tools = "[{\"name\": \"w\"}]" };

        var example = new ExampleBuilder(_tokenizer, PromptTemplates.Alpaca, 4096).Build(conversation).Example!;

        Assert.Equal(
            "Be brief.\n\nYou may call these tools, each by its name and arguments as JSON:\n[{\"name\": \"w\"}]\n\n### Instruction:\nWeather?\n\n### Response: {\"name\": \"w\"}"
            + "\n\n### Instruction:\n21\n\n### Response: 21 degrees", _tokenizer.Decode(example.Ids, skipSpecialTokens: true));
        Assert.Equal(" {\"name\": \"w\"} 21 degrees", MaskChecks.Learned(_tokenizer, example));
        Assert.Equal(2, example.Labels.Count(label => label == _tokenizer.EosId));
    }

    [Fact]
    public void Build_TurnsMarkedUnlearned_AreContextAlone()
    {
        var conversation = new Conversation([new Turn(TurnRole.User, "a"), new Turn(TurnRole.Assistant, "bad"), new Turn(TurnRole.User, "b"), new Turn(TurnRole.Assistant, "good") { Learned = true }], "t", 1);

        Assert.Equal("good", MaskChecks.Learned(_tokenizer, new ExampleBuilder(_tokenizer, PromptTemplates.Plain, 100).Build(conversation).Example!));
    }

    [Fact]
    public void Build_LearnsLastOnly_LeavesEarlierAnswersOut()
        => Assert.Equal("d", MaskChecks.Learned(_tokenizer, new ExampleBuilder(_tokenizer, PromptTemplates.Plain, 100, options: new MaskOptions(LearnsLastOnly: true)).Build(Chat("a", "b", "c", "d")).Example!));

    [Theory]
    [InlineData(Truncation.Right, "bb")]
    [InlineData(Truncation.Left, "dddd")]
    [InlineData(Truncation.Drop, null)]
    public void Build_OverTheCutoff_CutsWhatThePolicySays(Truncation truncation, string? learned)
    {
        // BOS "aa" newline, "bb" EOS, newline "cc" newline, "dddd" EOS: 4 + 3 + 4 + 5 ids.
        var built = new ExampleBuilder(_tokenizer, PromptTemplates.Plain, 11, options: new MaskOptions(Truncation: truncation)).Build(Chat("aa", "bb", "cc", "dddd"));

        Assert.Equal(16, built.WholeTokens);
        if (learned is null)
        {
            Assert.Equal(RefusalCause.OverCutoff, built.Refused);
            return;
        }
        Assert.True(built.Truncated);
        Assert.Equal(learned, MaskChecks.Learned(_tokenizer, built.Example!));
        Assert.Equal(_tokenizer.BosId, built.Example!.Ids[0]);
        Assert.Equal(_tokenizer.EosId, built.Example.Labels[^1]);
    }

    [Fact]
    public void Build_LongPromptCutFromTheLeft_KeepsTheWholeAnswer()
    {
        var example = new ExampleBuilder(_tokenizer, PromptTemplates.Plain, 12, options: new MaskOptions(Truncation: Truncation.Left)).Build(Chat("a long question", "answer")).Example!;
        Assert.Equal("ion\nanswer", _tokenizer.Decode(example.Ids, skipSpecialTokens: true)[^10..]);
        Assert.Equal(12, example.Ids.Length);
        Assert.Equal("answer", MaskChecks.Learned(_tokenizer, example));
    }

    [Theory]
    [InlineData(Truncation.Right)]
    [InlineData(Truncation.Left)]
    public void Build_AnyCutoff_NeverExceedsItAndEndsWithALearntEos(Truncation truncation)
    {
        var random = SeededRandom.For(3, "cutoffs");
        for (var trial = 0; trial < 300; trial++)
        {
            var cutoff = 3 + random.Next(200);
            var built = new ExampleBuilder(_tokenizer, PromptTemplates.AlpacaShort, cutoff, options: new MaskOptions(Truncation: truncation)).Build(Random(random));
            if (built.Example is not { } example) continue;
            Assert.True(example.Ids.Length <= cutoff);
            Assert.Equal(_tokenizer.EosId, example.Labels[^1]);
            Assert.All(example.Ids.Zip(example.Labels), pair => Assert.True(pair.Second == Example.Ignored || pair.First == pair.Second));
        }
    }

    [Theory]
    [InlineData("nobody answers", "")]
    [InlineData("", "nobody asks")]
    public void Build_NothingToLearn_SaysWhy(string question, string answer)
    {
        List<Turn> turns = question.Length > 0 ? [new(TurnRole.User, question)] : [new(TurnRole.Assistant, answer)];
        Assert.Equal(RefusalCause.NothingLearned, new ExampleBuilder(_tokenizer, PromptTemplates.Plain, 100).Build(new Conversation(turns, "t", 1)).Refused);
    }

    private static Conversation Chat(params string[] texts)
        => new([.. texts.Select((text, i) => new Turn(i % 2 == 0 ? TurnRole.User : TurnRole.Assistant, text) { Learned = i % 2 == 1 })], "t", 1);

    private static Conversation Random(SeededRandom random)
    {
        var turns = new List<Turn>();
        if (random.Next(3) == 0) turns.Add(new Turn(TurnRole.System, Text(random)));
        for (var pair = random.Next(4); pair >= 0; pair--)
        {
            turns.Add(new Turn(TurnRole.User, Text(random)));
            turns.Add(new Turn(TurnRole.Assistant, Text(random)) { Learned = pair == 0 || random.Next(4) > 0 });
        }
        return new Conversation(turns, "t", 1);
    }

    private static string Text(SeededRandom random)
    {
        var runes = "abc XYZ 0123 {}#:é问题😀".EnumerateRunes().ToArray();
        return "a" + string.Concat(Enumerable.Range(0, random.Next(20)).Select(_ => runes[random.Next(runes.Length)].ToString())) + "z";
    }
}
