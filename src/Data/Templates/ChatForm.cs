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
    private readonly ChatTemplate _template;
    private readonly JsonObject _variables;

    /// <summary>Makes the form.</summary>
    /// <param name="name">Its name in a spec.</param>
    /// <param name="template">The template.</param>
    /// <param name="tokenizer">The tokenizer whose special tokens the template writes.</param>
    /// <param name="tokenizerBegins">Whether the tokenizer adds its own special tokens to the text.</param>
    public ChatForm(string name, ChatTemplate template, ITokenizer tokenizer, bool tokenizerBegins)
    {
        (Name, _template, TokenizerBegins) = (name, template, tokenizerBegins);
        _variables = [];
        foreach (var (variable, id) in new[] { ("bos_token", tokenizer.BosId), ("eos_token", tokenizer.EosId) })
            if (id is { } token) _variables[variable] = tokenizer.Token(token);
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public string Hash => _template.Hash;

    /// <inheritdoc/>
    public bool WritesSpecialTokens => true;

    /// <inheritdoc/>
    public bool TokenizerBegins { get; }

    /// <inheritdoc/>
    public bool EndsAnswersWithEos => false;

    /// <inheritdoc/>
    public IReadOnlyList<Piece> Pieces(Conversation conversation)
    {
        try
        {
            var messages = conversation.Turns.Select(Message).ToList();
            var tools = conversation.Tools.Length == 0 ? null : JsonNode.Parse(conversation.Tools) as JsonArray;
            var whole = Render(messages, tools, asks: false);
            var answers = Enumerable.Range(0, messages.Count).Where(i => conversation.Turns[i].Role == TurnRole.Assistant).ToList();
            var spans = whole.GenerationSpans.Count == answers.Count ? whole.GenerationSpans : null;
            var pieces = new List<Piece>();
            var at = 0;
            for (var k = 0; k < answers.Count; k++)
            {
                var turn = conversation.Turns[answers[k]];
                var (begin, end) = Place(whole.Text, messages, tools, answers[k], turn.Text, spans?[k], at);
                pieces.Add(new Piece(whole.Text[at..begin], Answer: false, Learned: false));
                pieces.Add(new Piece(whole.Text[begin..end], Answer: true, turn.Learned));
                at = end;
            }
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

    /// <summary>Where an answer stands in the whole text.</summary>
    private (int Begin, int End) Place(string whole, List<JsonObject> messages, JsonArray? tools, int index, string answer, (int Begin, int End)? span, int from)
    {
        var before = Render(messages[..index], tools, asks: true).Text;
        var begin = before.Length >= from && whole.StartsWith(before, StringComparison.Ordinal) ? before.Length : span?.Begin;
        if (begin is { } known && span is { } marked && marked.End >= known) return (known, marked.End);
        var through = Render(messages[..(index + 1)], tools, asks: false).Text.TrimEnd();
        if (begin is { } first && through.Length >= first && whole.StartsWith(through, StringComparison.Ordinal)) return (first, through.Length);
        // A template that writes a turn otherwise once others follow (thoughts are left out) shows the answer itself at least.
        var found = answer.Trim() is { Length: > 0 } text ? whole.IndexOf(text, from, StringComparison.Ordinal) : -1;
        return found < 0 ? throw new DatasetException($"chat template {Name}: does not show where answer {index + 1} stands") : (begin is { } b && b <= found ? b : found, found + answer.Trim().Length);
    }

    private RenderedChat Render(List<JsonObject> messages, JsonArray? tools, bool asks)
        => _template.Render(messages, new ChatOptions { AddGenerationPrompt = asks, Tools = tools, Variables = _variables });

    private static JsonObject Message(Turn turn)
    {
        var role = turn.Role switch
        {
            TurnRole.System => "system",
            TurnRole.User => "user",
            TurnRole.Tool => "tool",
            _ => "assistant",
        };
        return new JsonObject { ["role"] = role, ["content"] = turn.Whole };
    }
}
