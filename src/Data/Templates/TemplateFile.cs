using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using AlpacaCot.Files;
using AlpacaCot.Files.Json;
using AlpacaCot.Tokenizers.ChatTemplates;

namespace AlpacaCot.Data.Templates;

/// <summary>
/// <c>template.json</c> beside an adapter: the template that trained it, in the keys of alpaca-lora's template files
/// (<c>prompt_input</c>, <c>prompt_no_input</c>, <c>response_split</c>) with a hash and a golden sample added; a chat template with its text (<c>chat_template</c>) and the special tokens that it writes.
/// </summary>
public static class TemplateFile
{
    /// <summary>The file's name.</summary>
    public const string Name = "template.json";

    private const string SampleInstruction = "Add the numbers.";
    private const string SampleInput = "2, 3";
    private const string SampleOutput = "5";

    private static readonly JsonSerializerOptions _json = new()
    {
        WriteIndented = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>The JSON of a template.</summary>
    public static string ToJson(IConversationForm template) => JsonSerializer.Serialize(
        template switch
        {
            PromptTemplate prompt => new Stored(prompt.Name, prompt.PromptWithInput, prompt.PromptWithoutInput, prompt.ResponsePrefix, prompt.ResponseMark, prompt.Hash, SampleOf(prompt)),
            ChatForm chat => new Stored(chat.Name, null, null, null, null, chat.Hash, SampleOf(chat))
            {
                ChatTemplate = chat.Template.Source, TokenizerBegins = chat.TokenizerBegins, BosToken = chat.BosToken, EosToken = chat.EosToken,
            },
            _ => throw new ArgumentException($"{template.Name} is no form that can be stored", nameof(template)),
        }, _json);

    /// <summary>Reads the JSON of a template; also alpaca-lora's own files, which have neither hash nor sample.</summary>
    /// <param name="json">The text.</param>
    /// <param name="where">What to call it in an error.</param>
    /// <exception cref="DatasetException">It is not valid, or its hash or sample do not fit its prompts.</exception>
    public static IConversationForm FromJson(string json, string where)
    {
        Stored? stored;
        try
        {
            stored = StrictJson.Parse(System.Text.Encoding.UTF8.GetBytes(json), where).Deserialize<Stored>(_json);
        }
        catch (InvalidDataException e)
        {
            throw new DatasetException(e.Message, e);
        }
        catch (JsonException e)
        {
            throw new DatasetException($"{where}: is no template: the value of {e.Path?.TrimStart('$', '.')} is not a text", e);
        }
        var template = FormOf(stored, where);
        if (stored!.Sha256 is not null && stored.Sha256 != template.Hash)
            throw new DatasetException($"{where}: its prompts do not fit its sha256; it was edited after training: restore it, or retrain");
        if (stored.Sample is not null && stored.Sample != SampleOf(template) && stored.Sample.Instruction == SampleInstruction)
            throw new DatasetException($"{where}: renders its sample differently than when it was written; use the version that trained the adapter");
        return template;
    }

    /// <summary>Writes <c>template.json</c> into a folder; it appears whole or not at all.</summary>
    public static void Save(IConversationForm template, string folder)
        => AtomicFile.WriteAllText(Path.Combine(folder, Name), ToJson(template) + "\n");

    /// <summary>The template stored in a folder, or null where there is none.</summary>
    public static IConversationForm? Load(string folder)
    {
        var path = Path.Combine(folder, Name);
        if (!File.Exists(path)) return null;
        try
        {
            return FromJson(FileText.Read(path), path);
        }
        catch (InvalidDataException e)
        {
            throw new DatasetException(e.Message, e);
        }
    }

    /// <summary>
    /// The template to ask an adapter with: the stored one. A template asked for by hand must equal it.
    /// </summary>
    /// <param name="folder">The adapter's folder.</param>
    /// <param name="asked">The template asked for, or null for the stored one.</param>
    /// <exception cref="DatasetException">The two differ, or there is neither.</exception>
    public static IConversationForm Resolve(string folder, IConversationForm? asked = null)
    {
        var stored = Load(folder);
        if (stored is null)
            return asked ?? throw new DatasetException($"{folder}: has no {Name}; name the template that trained this adapter");
        if (asked is not null && asked.Hash != stored.Hash)
            throw new DatasetException(
                $"{folder}: was trained with template {stored.Name} ({stored.Hash[..8]}), not {asked.Name} ({asked.Hash[..8]}); leave the template out to use the stored one");
        return stored;
    }

    private static IConversationForm FormOf(Stored? stored, string where)
    {
        var name = stored?.Name ?? Path.GetFileNameWithoutExtension(where);
        if (stored?.ChatTemplate is { } source)
        {
            try
            {
                return new ChatForm(name, ChatTemplate.Parse(source), stored.BosToken, stored.EosToken, stored.TokenizerBegins ?? false);
            }
            catch (ChatTemplateException e)
            {
                throw new DatasetException($"{where}: its chat template cannot be read: {e.Message}", e);
            }
        }
        if (stored?.PromptInput is null || stored.PromptNoInput is null) throw new DatasetException($"{where}: needs prompt_input and prompt_no_input, or chat_template");
        return new PromptTemplate(name, stored.PromptInput, stored.PromptNoInput, stored.ResponsePrefix ?? "", stored.ResponseSplit ?? "");
    }

    private static Sample SampleOf(IConversationForm template) => template is PromptTemplate prompt
        ? new(SampleInstruction, SampleInput, SampleOutput, prompt.Prompt(SampleInstruction, SampleInput), prompt.Prompt(SampleInstruction), prompt.Response(SampleOutput))
        : new(SampleInstruction, "", SampleOutput, template.Asked(SampleInstruction, [], "")[^1].Text, null, template.Response(SampleOutput));

    private sealed record Stored(
        string? Name, string? PromptInput, string? PromptNoInput, string? ResponsePrefix, string? ResponseSplit, string? Sha256, Sample? Sample)
    {
        public string? ChatTemplate { get; init; }

        public bool? TokenizerBegins { get; init; }

        public string? BosToken { get; init; }

        public string? EosToken { get; init; }
    }

    private sealed record Sample(string Instruction, string Input, string Output, string Prompt, string? PromptWithoutInput, string Response);
}
