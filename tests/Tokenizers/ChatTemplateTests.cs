using System.Text.Json.Nodes;
using AlpacaCot.Tests;
using AlpacaCot.Tokenizers.ChatTemplates;

namespace AlpacaCot.Tokenizers.Tests;

/// <summary>Chat templates where no reference is needed: what they may not do, their errors, and where models keep them.</summary>
public sealed class ChatTemplateTests
{
    [Theory]
    [InlineData("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "RecursionError")]
    [InlineData("{{ range(1000000) }}", "OverflowError")]
    [InlineData("{{ 'abcdefgh' * 100000000 }}", "RuntimeError")]
    [InlineData("{{ [1] * 100000000 }}", "RuntimeError")]
    [InlineData("{{ 9 ** 99999 }}", "OverflowError")]
    [InlineData("{{ '%999999999d' % 1 }}", "ValueError")]
    [InlineData("{{ '{:>999999999}'.format(1) }}", "ValueError")]
    [InlineData("{{ 'x'.ljust(999999999) }}", "RuntimeError")]
    [InlineData("{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}", "RuntimeError")]
    [InlineData("{% set ns = namespace(s='ab') %}{% for a in range(99) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}", "RuntimeError")]
    [InlineData("{% set ns = namespace(s=[1]) %}{% for a in range(60) %}{% set ns.s = ns.s + ns.s %}{% endfor %}", "RuntimeError")]
    [InlineData("{% set ns = namespace(s=[]) %}{% for a in range(9999) %}{% set ns.s = ns.s + [[1] * 999999] %}{% endfor %}", "RuntimeError")]
    [InlineData("{% set ns = namespace(s=[]) %}{% for a in range(9999) %}{% set ns.s = ns.s + ['a' * 9999999 ~ a] %}{% endfor %}", "RuntimeError")]
    [InlineData("{% for i in range(99999) %}{{ range(9999) | sort | length }}{% endfor %}", "RuntimeError")]
    [InlineData("{% for i in range(99999) %}{{ ('abc' * 9999)[::-1] | length }}{% endfor %}", "RuntimeError")]
    [InlineData("{% set t = 'a' * 9999999 %}{% for i in range(99999) %}{{ 'b' in t }}{% endfor %}", "RuntimeError")]
    [InlineData("{% set t = 'a' * 9999999 %}{% for i in range(99999) %}{{ t == t ~ '' }}{% endfor %}", "RuntimeError")]
    [InlineData("{% set t = 'a' * 9999999 %}{% for i in range(99999) %}{{ t.find('b') }}{{ t | wordcount }}{{ t[99] }}{% endfor %}", "RuntimeError")]
    [InlineData("{% set t = 'a' * 9999999 %}{{ range(99999) | map('string') | select('in', t) | list | length }}", "RuntimeError")]
    [InlineData("{% set t = range(99999) | list %}{% for i in t %}{{ t[1:] | length }}{{ 'x' in t }}{{ t | max }}{% endfor %}", "RuntimeError")]
    [InlineData("{{ '%d' % (1e308 * 10) }}", "OverflowError")]
    [InlineData("{{ ''.__class__ }}", "SecurityError")]
    [InlineData("{{ messages.append(1) }}", "SecurityError")]
    [InlineData("{% include 'other.jinja' %}", "TemplateSyntaxError")]
    [InlineData("{% for a in [1] %}", "TemplateSyntaxError")]
    [InlineData("{{ 'abc }}", "TemplateSyntaxError")]
    [InlineData("{# never closed", "TemplateSyntaxError")]
    [InlineData("{% raw %}never closed", "TemplateSyntaxError")]
    [InlineData("{{ (1 }}", "TemplateSyntaxError")]
    [InlineData("{{ 1 }", "TemplateSyntaxError")]
    public void Template_ThatMayNotBe_IsRefusedWithItsKindOfError(string template, string type)
        => Assert.Equal(type, Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse(template).Render([])).Type);

    /// <summary>transformers renders with trim_blocks and lstrip_blocks: a block tag takes the white space before it on its line and the line break after it; an expression takes neither.</summary>
    [Theory]
    [InlineData("a\n  {% if true %}\nb{% endif %}", "a\nb")]
    [InlineData("a  {% if true %}b{% endif %}", "a  b")]
    [InlineData("a\n  {%+ if true %}b{% endif %}", "a\n  b")]
    [InlineData("a\n  {%- if true %}b{% endif %}", "ab")]
    [InlineData("a\n  {{ 'b' }}\nc", "a\n  b\nc")]
    [InlineData("a\n  {# no #}\nb", "a\nb")]
    public void Render_WhiteSpaceAroundTags_GoesAsTransformersHasIt(string template, string text) => Assert.Equal(text, ChatTemplate.Parse(template).Render([]).Text);

    /// <summary>Loops that make nothing are counted too.</summary>
    [Fact]
    public void Render_LoopsThatMakeNothing_EndWithTheirSteps()
        => Assert.Contains(
            "steps", Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse("{% set r = range(9999) | list %}{% for a in r %}{% for b in r %}{% endfor %}{% endfor %}").Render([])).Message, StringComparison.Ordinal);

    [Fact]
    public void Parse_NestedBeyondTheStack_IsRefused()
    {
        foreach (var template in new[] { "{{ " + new string('(', 500_000), "{{ " + string.Concat(Enumerable.Repeat("not ", 500_000)) + "x }}", string.Concat(Enumerable.Repeat("{% if x %}", 200_000)) })
            Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse(template));
    }

    [Fact]
    public void Parse_Mistake_NamesItsLine()
        => Assert.StartsWith("line 3: ", Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse("a\nb\n{% nothing %}")).Message, StringComparison.Ordinal);

    [Fact]
    public void Render_AnyDamage_FailsAsATemplateOrRenders()
    {
        const string template = "{% for m in messages if m.role != 'x' %}{{ m['content'] | trim ~ loop.index }}{% set a, b = 1, [2, {'k': m}] %}{{ b[1:] | tojson(indent=2) if a is defined else '' }}{% endfor %}";
        var random = new Random(3);
        const string letters = "{}%#|.,:()[]'\"+-*~=<>! ainr0\\\n";
        for (var i = 0; i < 4000; i++)
        {
            var damaged = template.ToCharArray().ToList();
            for (var n = random.Next(1, 4); n > 0; n--)
                switch (random.Next(3))
                {
                    case 0: damaged.RemoveAt(random.Next(damaged.Count)); break;
                    case 1: damaged.Insert(random.Next(damaged.Count), letters[random.Next(letters.Length)]); break;
                    default: damaged[random.Next(damaged.Count)] = letters[random.Next(letters.Length)]; break;
                }
            try
            {
                ChatTemplate.Parse(new string([.. damaged])).Render([Message("user", "hi")]);
            }
            catch (ChatTemplateException)
            {
                // Any other exception fails the test.
            }
        }
    }

    [Fact]
    public void Render_Thoughts_StandUnderEachOfTheirNames()
    {
        var template = ChatTemplate.Parse("{% for m in messages %}[{{ m.reasoning_content }}|{{ m.thinking }}|{{ m.content is defined }}]{% endfor %}");
        Assert.Equal("[deep|deep|False]", template.Render([new JsonObject { ["role"] = "assistant", ["thinking"] = "deep", ["content"] = null }]).Text);
    }

    [Fact]
    public void Render_ContinueFinalMessage_EndsWhereTheMessageDoes()
    {
        var trims = ChatTemplate.Parse("{% for m in messages %}<{{ m.role }}>{{ m.content | trim }}<end>{% endfor %}");
        Assert.Equal("<user>a<end><assistant>so far", trims.Render([Message("user", "a"), Message("assistant", "so far ")], new ChatOptions { ContinueFinalMessage = true }).Text);
        var keeps = ChatTemplate.Parse("{% for m in messages %}<{{ m.role }}>{{ m.content }}<end>{% endfor %}");
        Assert.Equal("<assistant>so far ", keeps.Render([Message("assistant", "so far ")], new ChatOptions { ContinueFinalMessage = true }).Text);
        Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse("nothing").Render([Message("user", "a")], new ChatOptions { ContinueFinalMessage = true }));
        Assert.Throws<ChatTemplateException>(() => keeps.Render([Message("user", "a")], new ChatOptions { ContinueFinalMessage = true, AddGenerationPrompt = true }));
    }

    [Fact]
    public void Parse_LongerThanAnyTemplate_IsRefused()
        => Assert.Contains("more than 1048576", Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse(new string(' ', 2_000_000))).Message, StringComparison.Ordinal);

    [Fact]
    public void Load_FileThatIsNone_IsRefusedAtOnce()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "devices are told apart on Linux");
        using var folder = new TemporaryFolder();
        File.CreateSymbolicLink(folder["chat_template.jinja"], "/dev/zero");
        Assert.Contains("it is a device, not a file", Assert.Throws<TokenizerException>(() => ChatTemplateFile.Load(folder.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_Folder_TheFileFirstThenTheConfiguration()
    {
        using var folder = new TemporaryFolder();
        Assert.Null(ChatTemplateFile.Load(folder.Path));
        File.WriteAllText(folder["tokenizer_config.json"], """{"chat_template": [{"name": "tools", "template": "t"}, {"name": "default", "template": "listed"}]}""");
        Assert.Equal("listed", ChatTemplateFile.Load(folder.Path)!.Source);
        File.WriteAllText(folder["tokenizer_config.json"], """{"chat_template": "alone"}""");
        Assert.Equal("alone", ChatTemplateFile.Load(folder.Path)!.Source);
        File.WriteAllText(folder["tokenizer_config.json"], """{"chat_template": "{% if %}"}""");
        Assert.Contains("tokenizer_config.json: the chat template cannot be read", Assert.Throws<ChatTemplateException>(() => ChatTemplateFile.Load(folder.Path)).Message, StringComparison.Ordinal);
        File.WriteAllText(folder["chat_template.jinja"], "own");
        Assert.Equal("own", ChatTemplateFile.Load(folder.Path)!.Source);
    }

    private static JsonObject Message(string role, string content) => new() { ["role"] = role, ["content"] = content };
}
