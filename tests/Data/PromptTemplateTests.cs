using System.Security.Cryptography;
using System.Text;
using AlpacaCot.Data.Masking;
using AlpacaCot.Data.Templates;
using AlpacaCot.Specs;
using AlpacaCot.Tests;

namespace AlpacaCot.Data.Tests;

public sealed class PromptTemplateTests
{
    [Fact]
    public void Alpaca_Prompts_HaveThePublishedHashes()
    {
        Assert.Equal("28811e9850d9511bab334d167a03a8a37614535fdb28d645492efac8e9951c0f", Sha256(PromptTemplates.Alpaca.PromptWithInput));
        Assert.Equal("35101bc36d10997c7d926d8f21f7d173aec6523f3a57d78821b944a89925cdca", Sha256(PromptTemplates.Alpaca.PromptWithoutInput));
        Assert.Equal(224, Encoding.UTF8.GetByteCount(PromptTemplates.Alpaca.PromptWithInput));
        Assert.Equal(152, Encoding.UTF8.GetByteCount(PromptTemplates.Alpaca.PromptWithoutInput));
    }

    [Fact]
    public void Prompt_BlankInput_TakesTheFormWithoutInput()
    {
        Assert.DoesNotContain("### Input:", PromptTemplates.Alpaca.Prompt("Say hi.", " \n"), StringComparison.Ordinal);
        Assert.Contains("### Input:\n2, 3\n", PromptTemplates.Alpaca.Prompt("Add.", "2, 3"), StringComparison.Ordinal);
    }

    [Fact]
    public void Prompt_BracesInAUsersText_StayAsTheyAre()
        => Assert.Contains("Explain {input} and {instruction}.", PromptTemplates.Alpaca.Prompt("Explain {input} and {instruction}.", "x"), StringComparison.Ordinal);

    [Fact]
    public void Goat_Prompt_IsThePublishedForm()
        => Assert.Equal("What is 1 + 2?\nAnswer: ", PromptTemplates.Goat.Prompt("What is 1 + 2?", "1 + 2"));

    [Fact]
    public void Hash_Differs_BetweenAllTemplates()
        => Assert.Equal(PromptTemplates.All.Count, PromptTemplates.All.Select(template => template.Hash).Distinct().Count());

    [Fact]
    public void Get_UnknownName_ListsTheKnownOnes()
        => Assert.Contains("alpaca_short, goat", Assert.Throws<DatasetException>(() => PromptTemplates.Get("alpacca")).Message, StringComparison.Ordinal);

    [Fact]
    public void TemplateFile_SaveAndLoad_GivesTheSameTemplate()
    {
        using var folder = new TemporaryFolder();
        foreach (var template in PromptTemplates.All)
        {
            TemplateFile.Save(template, folder.Path);

            Assert.Equal(template, TemplateFile.Load(folder.Path));
            Assert.Equal([TemplateFile.Name], Directory.EnumerateFiles(folder.Path).Select(Path.GetFileName));
        }
    }

    /// <summary>Whoever asks an adapter needs neither the model's folder nor the template's name.</summary>
    [Theory]
    [MemberData(nameof(ChatNames))]
    public void TemplateFile_ChatTemplate_IsAskedAsItWasTaught(string name)
    {
        using var folder = new TemporaryFolder();
        var tokenizer = new ByteTokenizer();
        var form = ConversationForms.Get(name, tokenizer, null);
        TemplateFile.Save(form, folder.Path);
        var loaded = TemplateFile.Resolve(folder.Path, form);
        (string, string)[] examples = [("1+1?", "2")];

        Assert.Equal((form.Name, form.Hash, form.AnswerEnd, form.TokenizerBegins), (loaded.Name, loaded.Hash, loaded.AnswerEnd, loaded.TokenizerBegins));
        Assert.Equal(ExampleBuilder.PromptIds(tokenizer, form, form.Asked("2+2?", examples, "")), ExampleBuilder.PromptIds(tokenizer, loaded, loaded.Asked("2+2?", examples, "")));
        Assert.Contains("was trained with template", Assert.Throws<DatasetException>(() => TemplateFile.Resolve(folder.Path, PromptTemplates.Alpaca)).Message, StringComparison.Ordinal);
        var edited = TemplateFile.ToJson(form).Replace("messages", "messagez", StringComparison.Ordinal);
        Assert.Contains("do not fit its sha256", Assert.Throws<DatasetException>(() => TemplateFile.FromJson(edited, "template.json")).Message, StringComparison.Ordinal);
    }

    public static TheoryData<string> ChatNames => [.. TemplateNames.NamedChats.Select(name => TemplateNames.NamedChat + name)];

    [Fact]
    public void ChatForm_TodaysDate_IsTheSameOnEveryDay()
    {
        var form = new ChatForm("dated", Tokenizers.ChatTemplates.ChatTemplate.Parse("{{ strftime_now('%d %b %Y') }} {% for m in messages %}{{ m.content }}{% endfor %}"), new ByteTokenizer(), tokenizerBegins: false);
        Assert.StartsWith("26 Jul 2024", form.Asked("Why?", [], "")[0].Text, StringComparison.Ordinal);
    }

    [Fact]
    public void TemplateFile_EditedPrompt_IsRefused()
    {
        var edited = TemplateFile.ToJson(PromptTemplates.Goat).Replace("Answer: ", "Result: ", StringComparison.Ordinal);

        Assert.Contains("do not fit its sha256", Assert.Throws<DatasetException>(() => TemplateFile.FromJson(edited, "template.json")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TemplateFile_ForeignFileWithoutHash_IsRead()
    {
        const string json = """{"description": "x", "prompt_input": "{instruction}|{input}:", "prompt_no_input": "{instruction}:", "response_split": ":"}""";

        Assert.Equal("a|b:", Assert.IsType<PromptTemplate>(TemplateFile.FromJson(json, "own.json")).Prompt("a", "b"));
    }

    [Fact]
    public void Resolve_OtherTemplateThanTrained_IsRefused()
    {
        using var folder = new TemporaryFolder();
        TemplateFile.Save(PromptTemplates.Alpaca, folder.Path);

        Assert.Equal(PromptTemplates.Alpaca, TemplateFile.Resolve(folder.Path));
        Assert.Equal(PromptTemplates.Alpaca, TemplateFile.Resolve(folder.Path, PromptTemplates.Alpaca));
        Assert.Contains("was trained with template alpaca", Assert.Throws<DatasetException>(() => TemplateFile.Resolve(folder.Path, PromptTemplates.Goat)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Why?", null, "Why?")]
    [InlineData("Why?", "Think.", "Why? Think.")]
    [InlineData("Why?\n", "Think.", "Why?\nThink.")]
    [InlineData("Why?\n(A) so\n(B) not", "Think.", "Why?\n(A) so\n(B) not\nThink.")]
    [InlineData("为什么？", "先思考，再决定", "为什么？先思考，再决定")]
    [InlineData("Why?", "先思考，再决定", "Why? 先思考，再决定")]
    [InlineData("", "Think.", "Think.")]
    public void CotCue_Append_SeparatesAsTheScriptDoes(string instruction, string? cue, string expected) => Assert.Equal(expected, CotCue.Append(instruction, cue));

    [Fact]
    public void Rationale_Formatted_AnswerIsFoundAgain()
    {
        var forms = new HashSet<string>();
        for (var row = 1; row <= 500; row++)
        {
            var record = new InstructionRecord("Is it so?", "", "(B) no, 3.5", "Because of = and more.", "(B) no, 3.5", "cot.tsv", row);
            var (formatted, cue) = RationaleFormatter.Apply(record, RationaleUse.RationaleThenAnswer, new TrainingCue(CueUse.Flan), seed: 7);

            Assert.Equal("(B) no, 3.5", AnswerExtraction.FinalAnswer(formatted.Output));
            Assert.StartsWith("Because of = and more.", formatted.Output, StringComparison.Ordinal);
            Assert.Contains("Is it so?", formatted.Instruction, StringComparison.Ordinal);
            Assert.Contains(cue!, formatted.Instruction, StringComparison.Ordinal);
            Assert.Equal((formatted, cue), RationaleFormatter.Apply(record, RationaleUse.RationaleThenAnswer, new TrainingCue(CueUse.Flan), seed: 7));
            // A cue changes the question alone.
            foreach (var other in (TrainingCue[])[TrainingCue.None, new(CueUse.Keep), TrainingCue.Of("Think.")])
                Assert.Equal(formatted.Output, RationaleFormatter.Apply(record, RationaleUse.RationaleThenAnswer, other, seed: 7).Record.Output);
            forms.Add(formatted.Output + formatted.Instruction);
        }
        Assert.True(forms.Count > 90, $"only {forms.Count} of 100 pairs of forms in 500 rows");
    }

    [Fact]
    public void Rationale_AnswerOnly_LeavesTheQuestionAlone()
    {
        var record = new InstructionRecord("Is it so?", "", "no", "Because.", "no", "cot.tsv", 1);

        foreach (var cue in (TrainingCue[])[TrainingCue.None, new(CueUse.Keep), new(CueUse.Flan)]) Assert.Equal((record, null), RationaleFormatter.Apply(record, RationaleUse.Answer, cue, 0));
    }

    [Theory]
    [InlineData(RationaleUse.Answer, CueUse.Text, "Is it so? Think.", "Think.")]
    [InlineData(RationaleUse.RationaleThenAnswer, CueUse.Text, "Is it so? Think.", "Think.")]
    [InlineData(RationaleUse.RationaleThenAnswer, CueUse.None, "Is it so?", null)]
    [InlineData(RationaleUse.RationaleThenAnswer, CueUse.Keep, "Is it so?", null)]
    public void Rationale_Cue_IsPutInWhereItIsAskedForAlone(RationaleUse use, CueUse cue, string instruction, string? told)
    {
        var record = new InstructionRecord("Is it so?", "", "no", "Because.", "no", "cot.tsv", 1);
        var (taught, put) = RationaleFormatter.Apply(record, use, new TrainingCue(cue, cue == CueUse.Text ? "Think." : null), 0);
        Assert.Equal((instruction, told), (taught.Instruction, put));
    }

    private static string Sha256(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
