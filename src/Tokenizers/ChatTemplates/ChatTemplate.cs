using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using AlpacaCot.Tokenizers.ChatTemplates.Jinja;

namespace AlpacaCot.Tokenizers.ChatTemplates;

/// <summary>What a conversation is rendered with besides its messages.</summary>
public sealed record ChatOptions
{
    /// <summary>Ends with what makes the model answer.</summary>
    public bool AddGenerationPrompt { get; init; }

    /// <summary>Ends in the middle of the last message, which the model shall go on with.</summary>
    public bool ContinueFinalMessage { get; init; }

    /// <summary>Descriptions of tools that the model may call.</summary>
    public JsonArray? Tools { get; init; }

    /// <summary>Documents that the model shall read.</summary>
    public JsonArray? Documents { get; init; }

    /// <summary>Further variables of the template: <c>bos_token</c>, <c>eos_token</c>, <c>enable_thinking</c>.</summary>
    public JsonObject Variables { get; init; } = [];

    /// <summary>The clock of templates that write the date.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}

/// <summary>A rendered conversation.</summary>
/// <param name="Text">The text; special tokens in it are to be recognised, and no others added.</param>
/// <param name="GenerationSpans">The parts that the template marks as the assistant's, [begin, end) in UTF-16 units.</param>
public sealed record RenderedChat(string Text, IReadOnlyList<(int Begin, int End)> GenerationSpans)
{
    /// <summary>Which tokens of the text are the assistant's: those from the one that holds a span's first character to the one that holds its last.</summary>
    /// <param name="tokens">The text's tokens with their places (<see cref="IAlignedTokenizer"/>).</param>
    public bool[] AssistantMask(IReadOnlyList<TokenSpan> tokens)
    {
        var mask = new bool[tokens.Count];
        int Holding(int character)
        {
            for (var i = 0; i < tokens.Count; i++)
                if (tokens[i].Begin <= character && character < tokens[i].End) return i;
            return -1;
        }

        foreach (var (begin, end) in GenerationSpans.Where(span => span.End > span.Begin))
        {
            if (Holding(begin) is not (>= 0 and var first)) continue;
            var last = Holding(end - 1);
            for (var i = first; i <= (last < 0 ? mask.Length - 1 : last); i++) mask[i] = true;
        }
        return mask;
    }
}

/// <summary>
/// A chat template as models bring it: Jinja in the immutable sandbox of transformers, with its functions. It reaches no file and no code, and its work is bounded.
/// Thread-safe.
/// </summary>
public sealed class ChatTemplate
{
    // As transformers finds the place where the last message ends: the space shows whether the template trims it.
    private const string EndMark = "CONTINUE_FINAL_MESSAGE_TAG ";
    private static readonly string[] _thoughts = ["reasoning_content", "thinking", "reasoning"];

    /// <summary>Characters of the longest template; published ones have up to thirty thousand.</summary>
    private const int LongestSource = 1 << 20;
    private readonly Statement _body;

    private ChatTemplate(string source, Statement body) => (Source, _body) = (source, body);

    /// <summary>The template's text.</summary>
    public string Source { get; }

    /// <summary>SHA-256 of the text, in lower-case hex.</summary>
    public string Hash => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Source)));

    /// <summary>Reads a template.</summary>
    /// <exception cref="ChatTemplateException">It is no template that can be rendered; the message has the line.</exception>
    public static ChatTemplate Parse(string source)
    {
        ArgumentNullException.ThrowIfNull(source);
        if (source.Length > LongestSource) throw new ChatTemplateException("TemplateSyntaxError", $"it has {source.Length} characters, more than {LongestSource}");
        return new ChatTemplate(source, Parser.Parse(source));
    }

    /// <summary>Renders a conversation.</summary>
    /// <param name="messages">Its messages: objects with <c>role</c> and <c>content</c>, and what else the template knows.</param>
    /// <param name="options">What goes with them.</param>
    /// <exception cref="ChatTemplateException">The template refuses the conversation, or fails on it.</exception>
    public RenderedChat Render(IReadOnlyList<JsonObject> messages, ChatOptions? options = null)
    {
        options ??= new ChatOptions();
        if (options is { AddGenerationPrompt: true, ContinueFinalMessage: true }) throw new ChatTemplateException("ValueError", "a message cannot be continued and a new one begun at once");
        var conversation = messages.Select(Prepared).ToList();
        var last = options.ContinueFinalMessage ? MarkEnd(conversation) : null;
        var rendering = new Rendering(options.Time);
        var globals = new Scope(rendering, null);
        Globals.AddTo(globals);
        var scope = globals.Inner();
        foreach (var (name, value) in options.Variables) scope.Set(name, Globals.FromJson(value));
        scope.Set("messages", Globals.FromJson(new JsonArray([.. conversation])));
        scope.Set("tools", Globals.FromJson(options.Tools));
        scope.Set("documents", Globals.FromJson(options.Documents));
        scope.Set("add_generation_prompt", options.AddGenerationPrompt);
        rendering.Run(() => _body(scope));
        var text = rendering.Output.ToString();
        return new RenderedChat(last is null ? text : Ended(text, last), rendering.Generations);
    }

    /// <summary>A message as templates are given it: without keys that are null, and with its thoughts under each of their names.</summary>
    private static JsonObject Prepared(JsonObject message)
    {
        var prepared = new JsonObject(message.Where(entry => entry.Value is not null).Select(entry => KeyValuePair.Create(entry.Key, (JsonNode?)entry.Value!.DeepClone())));
        if (_thoughts.Select(key => prepared[key]).FirstOrDefault(thought => thought is not null) is { } found)
            foreach (var key in _thoughts.Where(key => !prepared.ContainsKey(key)).ToList()) prepared[key] = found.DeepClone();
        return prepared;
    }

    private static string MarkEnd(List<JsonObject> conversation)
    {
        var message = conversation.Count > 0 ? conversation[^1] : throw new ChatTemplateException("ValueError", "there is no message to continue");
        switch (message["content"])
        {
            case JsonValue value when value.TryGetValue<string>(out var text):
                message["content"] = text + EndMark;
                return text;
            case JsonArray parts when parts.LastOrDefault(part => part is JsonObject item && item["text"] is not null) is JsonObject part:
                var content = part["text"]!.GetValue<string>();
                part["text"] = content + EndMark;
                return content;
            default: throw new ChatTemplateException("ValueError", "the last message has no text to continue");
        }
    }

    private static string Ended(string text, string last)
    {
        var mark = EndMark.TrimEnd();
        var at = text.LastIndexOf(mark, StringComparison.Ordinal);
        if (at < 0 || !text.Contains(TextMethods.Strip(last, null, true, true), StringComparison.Ordinal))
            throw new ChatTemplateException("ValueError", "the template leaves out the last message, so that it cannot be continued");
        return text.AsSpan(at).StartsWith(EndMark, StringComparison.Ordinal) ? text[..at] : text[..at].TrimEnd(PythonText.Space);
    }
}
