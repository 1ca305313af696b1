using System.Text.Json;

namespace AlpacaCot.Tokenizers.ChatTemplates;

/// <summary>The chat template that a model's folder brings: <c>chat_template.jinja</c>, else <c>chat_template</c> of <c>tokenizer_config.json</c>.</summary>
public static class ChatTemplateFile
{
    /// <summary>The file's name.</summary>
    public const string Name = "chat_template.jinja";

    private const string Config = "tokenizer_config.json";

    /// <summary>Where a folder's template stands, for people; null where it brings none.</summary>
    /// <exception cref="TokenizerException">tokenizer_config.json is no JSON.</exception>
    public static string? PlaceIn(string folder)
        => File.Exists(Path.Combine(folder, Name)) ? Name : Declared(folder) is null ? null : $"chat_template of {Config}";

    /// <summary>Reads a folder's template; null where it brings none.</summary>
    /// <exception cref="ChatTemplateException">It cannot be read; the message names the file.</exception>
    /// <exception cref="TokenizerException">tokenizer_config.json is no JSON, or the template's file is no text.</exception>
    public static ChatTemplate? Load(string folder)
    {
        var path = Path.Combine(folder, Name);
        if (File.Exists(path)) return Parse(TokenizerDirectory.ReadText(path), path);
        return Declared(folder) is { } source ? Parse(source, Path.Combine(folder, Config)) : null;
    }

    private static string? Declared(string folder)
        => Path.Combine(folder, Config) is var path && File.Exists(path) ? Declared(TokenizerDirectory.ReadJson(path)) : null;

    /// <summary>The text of <c>chat_template</c>; of several named ones the one called <c>default</c>.</summary>
    private static string? Declared(JsonElement config)
    {
        if (config.ValueKind != JsonValueKind.Object || !config.TryGetProperty("chat_template", out var template)) return null;
        if (template.ValueKind == JsonValueKind.String) return template.GetString();
        if (template.ValueKind != JsonValueKind.Array) return null;
        return template.EnumerateArray().Where(item => item.ValueKind == JsonValueKind.Object && Text(item, "name") == "default").Select(item => Text(item, "template")).FirstOrDefault();

        static string? Text(JsonElement item, string name) => item.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
    }

    private static ChatTemplate Parse(string source, string path)
    {
        try
        {
            return ChatTemplate.Parse(source);
        }
        catch (ChatTemplateException e)
        {
            throw new ChatTemplateException(e.Type, $"{path}: the chat template cannot be read: {e.Message}");
        }
    }
}
