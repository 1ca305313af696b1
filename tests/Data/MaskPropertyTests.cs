using System.Text.Json;
using AlpacaCot.Data.Masking;
using AlpacaCot.Data.Templates;
using AlpacaCot.Specs;
using AlpacaCot.Tests;
using AlpacaCot.Tokenizers;
using AlpacaCot.Tokenizers.ChatTemplates;

namespace AlpacaCot.Data.Tests;

/// <summary>The promises of a mask under every tokenizer of the golden cases, with every prompt template, every named chat template and every golden chat template.</summary>
[Trait("Category", "Golden")]
public sealed class MaskPropertyTests
{
    private static readonly Conversation[] _conversations =
    [
        new([new Turn(TurnRole.User, "Add 12 and 345.\nThink first."), new Turn(TurnRole.Assistant, "12 + 345 = 357.") { Learned = true }], "t", 1),
        new(
            [
                new Turn(TurnRole.User, "你好，今天天气怎么样？"), new Turn(TurnRole.Assistant, "很好。") { Learned = true }, new Turn(TurnRole.User, "Why? \"Because\"…"),
                new Turn(TurnRole.Assistant, "It's 21°C and sunny.") { Learned = true }, new Turn(TurnRole.User, "ok"), new Turn(TurnRole.Assistant, "Bye") { Learned = true },
            ], "t", 2),
    ];

    private static readonly Lazy<List<(string Name, ChatTemplate Template)>> _golden = new(() =>
        [.. Golden.Folders("chat_template").Select(row => (string)row[0]).Select(folder => ($"golden/{folder}", ChatTemplate.Parse(File.ReadAllText(Path.Combine(Golden.Root!, folder, "template.jinja")))))]);

    public static IEnumerable<object[]> Tokenizers => Golden.Folders("tokenizer");

    [Theory]
    [MemberData(nameof(Tokenizers))]
    public void Build_EveryTemplate_LearnsTheAnswersAndEosAlone(string folder)
    {
        var golden = Golden.Open(folder);
        var tokenizer = WithEos(Load(golden));
        var faults = new List<string>();
        foreach (var form in Forms(tokenizer))
            foreach (var conversation in _conversations)
            {
                var built = new ExampleBuilder(tokenizer, form, 1 << 20).Build(conversation);
                if (built.Example is not { } example)
                {
                    // The golden templates include some that refuse what they do not know; prompts and named ones may not.
                    if (!form.Name.StartsWith("golden/", StringComparison.Ordinal)) faults.Add($"{form.Name}: row {conversation.Row} is refused: {built.Refused}");
                    continue;
                }
                if (Fault(tokenizer, form, conversation, example) is { } fault) faults.Add($"{form.Name}, row {conversation.Row}: {fault}");
            }
        Assert.True(faults.Count == 0, string.Join('\n', faults.Take(20)));
    }

    private static IAlignedTokenizer Load(GoldenCase golden)
    {
        string Place(JsonElement name) => name.GetString()!.StartsWith("data/", StringComparison.Ordinal) ? Golden.Resolve(name.GetString()!) : golden.File(name.GetString()!);
        var source = golden.Json.GetProperty("source");
        if (golden.Json.TryGetProperty("pattern", out var pattern))
            return TokenizerDirectory.LoadTiktoken(Place(source), pattern.GetString()!, golden.Json.GetProperty("special_tokens").EnumerateObject().ToDictionary(token => token.Name, token => token.Value.GetInt32()));
        return source.ValueKind == JsonValueKind.Array && source.GetArrayLength() > 1 ? TokenizerDirectory.LoadPairs(Place(source[0]), Place(source[1]))
            : TokenizerDirectory.Load(Place(source.ValueKind == JsonValueKind.Array ? source[0] : source));
    }

    /// <summary>The tokenizer with an EOS: a tokenizer.json alone does not say which of its tokens that is.</summary>
    private static ITokenizer WithEos(ITokenizer tokenizer)
        => tokenizer.EosId is not null ? tokenizer : new EndingTokenizer(tokenizer, new[] { "</s>", "<|endoftext|>", "<|end_of_text|>", "[SEP]" }.Select(tokenizer.Find).FirstOrDefault(id => id is not null) ?? tokenizer.VocabularySize - 1);

    private static IEnumerable<IConversationForm> Forms(ITokenizer tokenizer)
    {
        foreach (var template in PromptTemplates.All) yield return template;
        foreach (var named in NamedChatTemplates.All) yield return ConversationForms.Get(TemplateNames.NamedChat + named.Name, tokenizer, null);
        foreach (var (name, template) in _golden.Value) yield return new ChatForm(name, template, tokenizer, tokenizerBegins: false);
    }

    private static string? Fault(ITokenizer tokenizer, IConversationForm form, Conversation conversation, Example example)
    {
        if (example.Ids.Zip(example.Labels).Any(pair => pair.Second != Example.Ignored && pair.First != pair.Second)) return "a label is another id";
        if (example.Labels[^1] != tokenizer.EosId) return "the last label is no EOS";
        if (AskedOtherwise(tokenizer, form, conversation, example) is { } otherwise) return otherwise;
        var pieces = form.Pieces(conversation);
        var at = 0;
        for (var i = 0; i < pieces.Count; i += 2)
        {
            while (at < example.Labels.Length && example.Labels[at] == Example.Ignored) at++;
            var begin = at;
            while (at < example.Labels.Length && example.Labels[at] != Example.Ignored) at++;
            var answer = pieces[i + 1].Text;
            // The end of every answer is learnt: the one that its form writes, or EOS.
            if (at == begin || !(example.Labels[at - 1] == tokenizer.EosId || (form.AnswerEnd.Length > 0 && answer.TrimEnd().EndsWith(form.AnswerEnd, StringComparison.Ordinal)))) return $"answer {i / 2} is learnt without an end";
            var ids = tokenizer.Encode(answer, new EncodeOptions(SpecialTokensAsText: !form.WritesSpecialTokens, Continuation: true));
            var learned = example.Labels[begin..at];
            if (learned[^1] == tokenizer.EosId && ids is [.. var rest, var last] && last == tokenizer.EosId) ids = rest;
            if (!learned.AsSpan().StartsWith(ids) || learned.Length > ids.Length + 1) return $"answer {i / 2} is learnt as {tokenizer.Decode(learned)}";
            // A tokenizer that normalises text gives another back; one that does not gives the answer.
            var said = conversation.Turns.Where(turn => turn.Role == TurnRole.Assistant).ElementAt(i / 2).Text;
            if (tokenizer.Decode(ids) == answer && !tokenizer.Decode(learned).Contains(said.Trim(), StringComparison.Ordinal)) return $"answer {i / 2} is decoded as {tokenizer.Decode(learned)}";
        }
        return example.Labels[at..].All(label => label == Example.Ignored) ? null : "more is learnt than the answers";
    }

    /// <summary>What a model is asked with must be what its example begins with, token for token.</summary>
    private static string? AskedOtherwise(ITokenizer tokenizer, IConversationForm form, Conversation conversation, Example example)
    {
        // Prompt templates have earlier questions as worked examples, each with its whole prompt; chat templates have them as turns.
        var answers = form is PromptTemplate ? 1 : conversation.Turns.Count / 2;
        for (var k = 0; k < answers; k++)
        {
            var earlier = Enumerable.Range(0, k).Select(i => (conversation.Turns[2 * i].Text, conversation.Turns[2 * i + 1].Text)).ToList();
            var asked = ExampleBuilder.PromptIds(tokenizer, form, form.Asked(conversation.Turns[2 * k].Text, earlier, ""));
            if (example.Ids.AsSpan().StartsWith(asked)) continue;
            // A few published templates write a conversation otherwise once it goes on (numbered rounds, thoughts that are left out): there the text that was taught says so itself.
            var taught = string.Concat(form.Pieces(conversation).Take(2 * k + 1).Select(piece => piece.Text));
            if (string.Concat(form.Asked(conversation.Turns[2 * k].Text, earlier, "").Select(piece => piece.Text)) == taught) return $"answer {k} is asked with other ids than it is taught with";
        }
        return null;
    }

    private sealed class EndingTokenizer(ITokenizer inner, int eos) : ITokenizer
    {
        public int VocabularySize => inner.VocabularySize;

        public int? BosId => inner.BosId;

        public int? EosId => eos;

        public int? PadId => inner.PadId;

        public string ContentHash => inner.ContentHash;

        public int[] Encode(string text, EncodeOptions options = default) => inner.Encode(text, options);

        public string Decode(ReadOnlySpan<int> ids, bool skipSpecialTokens = false) => inner.Decode(ids, skipSpecialTokens);

        public bool IsSpecial(int id) => id == eos || inner.IsSpecial(id);

        public string Token(int id) => inner.Token(id);

        public int? Find(string token) => inner.Find(token);

        public ITokenStream Stream(bool skipSpecialTokens = true) => inner.Stream(skipSpecialTokens);
    }
}
