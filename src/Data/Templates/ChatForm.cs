using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using AlpacaCot.Tokenizers;
using AlpacaCot.Tokenizers.ChatTemplates;

namespace AlpacaCot.Data.Templates;

/// <summary>
/// A chat template as a form of conversations. Where an answer begins is what the template itself writes to make the model answer, so that what is taught continues exactly what is asked; where it
/// ends is what the template marks (<c>{% generation %}</c>), else where its rendering of the turns so far ends.
/// </summary>
public sealed class ChatForm : IConversationForm
{
    private const string SampleAnswer = "Reply";

    private readonly Lazy<(string Begin, string End)> _answer;
    private readonly JsonObject _variables = [];

    /// <summary>Makes the form.</summary>
    /// <param name="name">Its name in a spec.</param>
    /// <param name="template">The template.</param>
    /// <param name="tokenizer">The tokenizer whose special tokens the template writes.</param>
    /// <param name="tokenizerBegins">Whether the tokenizer adds its own special tokens to the text.</param>
    public ChatForm(string name, ChatTemplate template, ITokenizer tokenizer, bool tokenizerBegins)
        : this(name, template, tokenizer.BosId is { } bos ? tokenizer.Token(bos) : null, tokenizer.EosId is { } eos ? tokenizer.Token(eos) : null, tokenizerBegins)
    {
    }

    /// <summary>Makes the form with special tokens by their texts.</summary>
    internal ChatForm(string name, ChatTemplate template, string? bos, string? eos, bool tokenizerBegins)
    {
        (Name, Template, BosToken, EosToken, TokenizerBegins) = (name, template, bos, eos, tokenizerBegins);
        if (bos is not null) _variables["bos_token"] = bos;
        if (eos is not null) _variables["eos_token"] = eos;
        Hash = HashOf(template, tokenizerBegins);
        _answer = new(AroundAnswers);
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    /// <remarks>The texts of special tokens are the tokenizer's, whose hash stands beside this one wherever it counts.</remarks>
    public string Hash { get; }

    /// <inheritdoc/>
    public bool WritesSpecialTokens => true;

    /// <inheritdoc/>
    public bool TokenizerBegins { get; }

    /// <inheritdoc/>
    /// <remarks>Some published templates (ChatGLM's, Baichuan 2's) mark no end of an answer: the models end with EOS, and their texts of several turns have none.</remarks>
    public bool EndsAnswersWithEos => AnswerEnd.Length == 0;

    /// <inheritdoc/>
    public string AnswerEnd => _answer.Value.End;

    /// <summary>The template.</summary>
    internal ChatTemplate Template { get; }

    /// <summary>The text of the tokenizer's BOS, or null.</summary>
    internal string? BosToken { get; }

    /// <summary>The text of the tokenizer's EOS, or null.</summary>
    internal string? EosToken { get; }

    /// <summary>The hash of a form over a template.</summary>
    internal static string HashOf(ChatTemplate template, bool tokenizerBegins)
        => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{template.Hash} {(tokenizerBegins ? "begun by the tokenizer" : "whole")}")));

    /// <inheritdoc/>
    public string Response(string answer) => _answer.Value.Begin + answer;

    /// <inheritdoc/>
    public string AnswerOf(string generated)
        => _answer.Value.Begin is { Length: > 0 } begin && generated.StartsWith(begin, StringComparison.Ordinal) ? generated[begin.Length..] : generated;

    /// <inheritdoc/>
    public IReadOnlyList<Piece> Pieces(Conversation conversation) => Rendered(conversation, asks: false, AnswerEnd);

    /// <inheritdoc/>
    /// <remarks>Worked examples are turns of the conversation, the system text is its first message.</remarks>
    public IReadOnlyList<Piece> Asked(string instruction, IReadOnlyList<(string Instruction, string Answer)> examples, string system) => Rendered(
        new Conversation(
            [
                .. system.Length > 0 ? [new Turn(TurnRole.System, system)] : Array.Empty<Turn>(),
                .. examples.SelectMany(example => new[] { new Turn(TurnRole.User, example.Instruction), new Turn(TurnRole.Assistant, example.Answer) }),
                new Turn(TurnRole.User, instruction),
            ], Name, 1), asks: true, AnswerEnd);

    /// <summary>The parts up to the last answer, or up to where the next one begins.</summary>
    private List<Piece> Rendered(Conversation conversation, bool asks, string answerEnd)
    {
        try
        {
            var messages = conversation.Turns.Select(Message).ToList();
            var tools = conversation.Tools.Length == 0 ? null : JsonNode.Parse(conversation.Tools) as JsonArray;
            var whole = Render(messages, tools, asks);
            var answers = Enumerable.Range(0, messages.Count).Where(i => conversation.Turns[i].Role == TurnRole.Assistant).ToList();
            var spans = whole.GenerationSpans.Count == answers.Count ? whole.GenerationSpans : null;
            var pieces = new List<Piece>();
            var at = 0;
            for (var k = 0; k < answers.Count; k++)
            {
                var turn = conversation.Turns[answers[k]];
                var (begin, end) = Place(whole.Text, messages, tools, answers[k], turn.Text, spans?[k], at, answerEnd);
                pieces.Add(new Piece(whole.Text[at..begin], Answer: false, Learned: false));
                pieces.Add(new Piece(whole.Text[begin..end], Answer: true, turn.Learned));
                at = end;
            }
            if (asks) pieces.Add(new Piece(whole.Text[at..], Answer: false, Learned: false));
            return pieces;
        }
        catch (ChatTemplateException e)
        {
            throw new DatasetException($"chat template {Name}: {e.Message}", e);
        }
        catch (JsonException e)
        {
            throw new DatasetException($"chat template {Name}: the row's tools are no JSON: {e.Message}", e);
        }
    }

    /// <summary>What stands around an answer, as the template writes a sample; nothing where it writes none.</summary>
    private (string Begin, string End) AroundAnswers()
    {
        try
        {
            var answer = Rendered(new Conversation([new Turn(TurnRole.User, "Ask"), new Turn(TurnRole.Assistant, SampleAnswer)], Name, 1), asks: false, "")[^1].Text;
            var at = answer.LastIndexOf(SampleAnswer, StringComparison.Ordinal);
            return at < 0 ? ("", "") : (answer[..at], answer[(at + SampleAnswer.Length)..].Trim());
        }
        catch (DatasetException)
        {
            return ("", "");
        }
    }

    /// <summary>Where an answer stands in the whole text.</summary>
    private (int Begin, int End) Place(string whole, List<JsonObject> messages, JsonArray? tools, int index, string answer, (int Begin, int End)? span, int from, string answerEnd)
    {
        var before = Render(messages[..index], tools, asks: true).Text;
        var begin = before.Length >= from && whole.StartsWith(before, StringComparison.Ordinal) ? before.Length : span?.Begin;
        if (begin is { } known && span is { } marked && marked.End >= known) return (known, marked.End);
        var through = Render(messages[..(index + 1)], tools, asks: false).Text.TrimEnd();
        if (begin is { } first && through.Length >= first && whole.StartsWith(through, StringComparison.Ordinal)) return (first, through.Length);
        // A template that writes a turn otherwise once others follow (thoughts are left out) shows the answer itself at least, and what it ends answers with.
        var found = answer.Trim() is { Length: > 0 } text ? whole.IndexOf(text, from, StringComparison.Ordinal) : -1;
        if (found < 0) throw new DatasetException($"chat template {Name}: does not show where answer {index + 1} stands");
        var end = found + answer.Trim().Length;
        if (whole.AsSpan(end).StartsWith(answerEnd, StringComparison.Ordinal)) end += answerEnd.Length;
        return (begin is { } b && b <= found ? b : found, end);
    }

    private RenderedChat Render(List<JsonObject> messages, JsonArray? tools, bool asks)
        => Template.Render(messages, new ChatOptions { AddGenerationPrompt = asks, Tools = tools, Variables = _variables, Time = ConstantDate.Instance });

    private JsonObject Message(Turn turn)
    {
        var role = turn.Role switch
        {
            TurnRole.System => "system",
            TurnRole.User => "user",
            TurnRole.Tool => "tool",
            _ => "assistant",
        };
        return turn.IsCall && Calls(turn.Text) is { } calls
            ? new JsonObject { ["role"] = role, ["content"] = "", ["tool_calls"] = calls }
            : new JsonObject { ["role"] = role, ["content"] = turn.Whole };
    }

    /// <summary>A call's JSON as the list that templates of tool calls read; null where the template reads none, or the text is no call.</summary>
    private JsonArray? Calls(string text)
    {
        if (!Template.Source.Contains("tool_calls", StringComparison.Ordinal)) return null;
        try
        {
            var calls = JsonNode.Parse(text) switch { JsonArray list => [.. list], { } one => (List<JsonNode?>)[one], null => [] };
            return calls.Count > 0 && calls.TrueForAll(call => call is JsonObject function && function["name"] is JsonValue)
                ? new JsonArray([.. calls.Select(call => (JsonNode)new JsonObject { ["type"] = "function", ["function"] = call!.DeepClone() })])
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Some templates write today's date. What is taught must not follow the day it is taught on, nor what is asked the day of asking: both have the date that Llama 3.1's template has where no clock is.</summary>
    private sealed class ConstantDate : TimeProvider
    {
        public static ConstantDate Instance { get; } = new();

        public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

        public override DateTimeOffset GetUtcNow() => new(2024, 7, 26, 0, 0, 0, TimeSpan.Zero);
    }
}
