using System.Text.Json.Nodes;
using AlpacaCot.Data.Masking;
using AlpacaCot.Data.Templates;
using AlpacaCot.Specs;
using AlpacaCot.Tests;
using AlpacaCot.Tokenizers.ChatTemplates;

namespace AlpacaCot.Data.Tests;

/// <summary>The chat templates that can be named, against the prompts that the models' own chat functions write.</summary>
public sealed class NamedChatTemplateTests
{
    public static IEnumerable<object[]> Models => Golden.Folders("model");

    public static TheoryData<string> Names => [.. NamedChatTemplates.All.Select(template => template.Name)];

    [Theory]
    [Trait("Category", "Golden")]
    [MemberData(nameof(Models))]
    public void Render_ModelsOwnPrompt_EqualText(string folder)
    {
        var golden = Golden.Open(folder);
        Assert.SkipUnless(golden.Json.TryGetProperty("prompt_format", out var format) && format.TryGetProperty("single", out _), $"{folder} tells no prompt");
        var template = NamedChatTemplates.All.FirstOrDefault(known => known.Name == golden.Json.GetProperty("variant").GetString());
        var single = format.GetProperty("single").GetString()!;
        Assert.SkipUnless(template is not null && single.Contains("{query}", StringComparison.Ordinal), $"{folder} tells its prompt as ids");
        var variables = new JsonObject { ["bos_token"] = template.TokenizerBegins ? "" : "<s>" };
        string Filled(string text, string old) => (template.TokenizerBegins ? text.Replace("<s>", "", StringComparison.Ordinal) : text)
            .Replace("{meta}", "You are kind.\n", StringComparison.Ordinal).Replace("{old_query}", old, StringComparison.Ordinal).Replace("{response}", "Yes.", StringComparison.Ordinal).Replace("{query}", "Why?", StringComparison.Ordinal);
        List<JsonObject> Conversation(string text, params (string Role, string Content)[] turns)
            => [.. (text.Contains("{meta}", StringComparison.Ordinal) ? [("system", "You are kind.\n"), .. turns] : turns).Select(turn => Message(turn.Role, turn.Content))];
        var options = new ChatOptions { AddGenerationPrompt = true, Variables = variables };
        Assert.Equal(Filled(single, ""), template.Template.Render(Conversation(single, ("user", "Why?")), options).Text);
        var history = format.GetProperty("history").GetString()!;
        if (history.Contains("...", StringComparison.Ordinal) || history.StartsWith("each", StringComparison.Ordinal)) return;
        var old = history.Contains("{old_query}", StringComparison.Ordinal) ? "Really?" : "Why?";
        Assert.Equal(Filled(history, old), template.Template.Render(Conversation(history, ("user", old), ("assistant", "Yes."), ("user", "Why?")), options).Text);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Render_Turns_MarkEveryAnswerAndEndWithTheQuestion(string name)
    {
        var template = NamedChatTemplates.Get(name).Template;
        var options = new ChatOptions { AddGenerationPrompt = true, Variables = new JsonObject { ["bos_token"] = "<s>", ["eos_token"] = "</s>" } };
        var rendered = template.Render([Message("user", "First?"), Message("assistant", "Second."), Message("user", "Third?")], options);
        Assert.StartsWith("Second.", rendered.Text[rendered.GenerationSpans.Single().Begin..rendered.GenerationSpans.Single().End], StringComparison.Ordinal);
        Assert.True(rendered.Text.IndexOf("First?", StringComparison.Ordinal) < rendered.Text.IndexOf("Second.", StringComparison.Ordinal));
        Assert.True(rendered.Text.IndexOf("Second.", StringComparison.Ordinal) < rendered.Text.IndexOf("Third?", StringComparison.Ordinal));
        // A question that stands alone is asked in the same form in every conversation, whatever it holds.
        Assert.Contains("{{ 7 * 7 }} 'x'", template.Render([Message("user", "{{ 7 * 7 }} 'x'")], options).Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Alpaca_OneQuestion_IsThePromptThatTrainedIt()
        => Assert.Equal(PromptTemplates.AlpacaNewline.Prompt("Add 2 and 3."), NamedChatTemplates.Get("alpaca").Template.Render([Message("user", "Add 2 and 3.")], new ChatOptions { AddGenerationPrompt = true }).Text);

    [Fact]
    public void Llama2_SystemMessage_StandsInTheFirstQuestion()
    {
        var rendered = NamedChatTemplates.Get("llama-2").Template.Render([Message("system", "Be kind."), Message("user", " Hi "), Message("assistant", "Ho"), Message("user", "?")],
            new ChatOptions { Variables = new JsonObject { ["bos_token"] = "<s>", ["eos_token"] = "</s>" } });
        Assert.Equal("<s>[INST] <<SYS>>\nBe kind.\n<</SYS>>\n\nHi [/INST] Ho </s><s>[INST] ? [/INST]", rendered.Text);
    }

    /// <summary>Templates that mark no end of an answer: EOS follows every one, in what is taught and in what is asked.</summary>
    [Theory]
    [InlineData("chatglm", "[Round 0]\n问：A\n答：B¶\n[Round 1]\n问：C\n答：D¶")]
    [InlineData("chatglm2", "[Round 1]\n\n问：A\n\n答：B¶\n\n[Round 2]\n\n问：C\n\n答：D¶")]
    [InlineData("chatglm3", "[gMASK]sop<|user|>\n A<|assistant|>\n B¶<|user|>\n C<|assistant|>\n D¶")]
    [InlineData("baichuan2", "<reserved_106>A<reserved_107>B¶<reserved_106>C<reserved_107>D¶")]
    public void Build_TemplateWithoutAnEnd_EndsEveryAnswerWithEos(string name, string taught)
    {
        var tokenizer = new ByteTokenizer();
        var form = ConversationForms.Get(TemplateNames.NamedChat + name, tokenizer, null);
        var conversation = new Conversation(
            [new Turn(TurnRole.User, "A"), new Turn(TurnRole.Assistant, "B") { Learned = true }, new Turn(TurnRole.User, "C"), new Turn(TurnRole.Assistant, "D") { Learned = true }], "t", 1);

        var example = new ExampleBuilder(tokenizer, form, 1000).Build(conversation).Example!;
        var asked = ExampleBuilder.PromptIds(tokenizer, form, form.Asked("C", [("A", "B")], ""));

        Assert.Equal(taught, Shown(example.Ids));
        Assert.Equal(2, example.Labels.Count(label => label == tokenizer.EosId));
        Assert.Equal(Shown(example.Ids[..asked.Length]), Shown(asked));

        string Shown(int[] ids)
        {
            var parts = new List<int[]> { Array.Empty<int>() };
            foreach (var id in ids)
                if (id == tokenizer.EosId) parts.Add([]);
                else parts[^1] = [.. parts[^1], id];
            return string.Join('¶', parts.Select(part => tokenizer.Decode(part, skipSpecialTokens: true)));
        }
    }

    [Fact]
    public void Get_UnknownName_ListsTheKnown()
        => Assert.Contains("llama-3", Assert.Throws<DatasetException>(() => NamedChatTemplates.Get("llama-9")).Message, StringComparison.Ordinal);

    private static JsonObject Message(string role, string content) => new() { ["role"] = role, ["content"] = content };
}
