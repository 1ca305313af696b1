using System.Text.Json;
using AlpacaCot.Tokenizers.Json;
using AlpacaCot.Tokenizers.Text;

namespace AlpacaCot.Tokenizers;

/// <summary>
/// What the JSON files beside a tokenizer say about it: tokenizer_config.json, special_tokens_map.json, added_tokens.json, generation_config.json,
/// config.json.
/// </summary>
internal sealed class TokenizerConfig
{
    private readonly JsonElement _config;
    private readonly JsonElement _map;
    private readonly JsonElement[] _models;
    private readonly JsonElement _addedTokens;

    /// <summary>Reads what is there.</summary>
    /// <param name="folder">The tokenizer's folder.</param>
    /// <param name="files">Gets the files that were read.</param>
    public TokenizerConfig(string folder, List<string> files)
    {
        _config = Read(folder, "tokenizer_config.json", files);
        _map = Read(folder, "special_tokens_map.json", files);
        _addedTokens = Read(folder, "added_tokens.json", files);
        _models = [Read(folder, "generation_config.json", null), Read(folder, "config.json", null)];
    }

    /// <summary>Whether tokenizer_config.json is there.</summary>
    public bool Exists => _config.ValueKind == JsonValueKind.Object;

    /// <summary>The class named by the configuration.</summary>
    public string Class => String(_config, "tokenizer_class") ?? "";

    /// <summary>Whether each text between added tokens gets a dummy prefix (transformers' <c>legacy</c>, true where it is not given).</summary>
    public bool Legacy => Flag("legacy") ?? true;

    /// <summary>A flag of tokenizer_config.json, or null.</summary>
    public bool? Flag(string name)
        => Exists && _config.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : null;

    /// <summary>A whole number of tokenizer_config.json, or null.</summary>
    public int? Number(string name)
        => Exists && _config.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) && number is >= 0 and < TokenizerLimits.MostTokens ? number : null;

    /// <summary>The text of a special token (<c>bos_token</c>), or null.</summary>
    public string? Token(string name) => Content(_config, name) ?? Content(_map, name);

    /// <summary>The id of a special token by its text in the tokenizer's files, else as the model's own files give it (<c>bos_token_id</c>).</summary>
    public int? Id(string name, Func<string, int?> find)
    {
        if (Token(name) is { } token) return find(token);
        // A configuration that names the token as null means that there is none.
        if (Exists && _config.TryGetProperty(name, out _)) return null;
        foreach (var model in _models)
        {
            if (model.ValueKind != JsonValueKind.Object || !model.TryGetProperty(name + "_id", out var id)) continue;
            if (id.ValueKind == JsonValueKind.Array && id.GetArrayLength() > 0) id = id[0];
            if (id.ValueKind == JsonValueKind.Number && id.TryGetInt32(out var number) && number >= 0) return number;
        }
        return null;
    }

    /// <summary>The tokens that a SentencePiece tokenizer recognises beside its pieces.</summary>
    public IReadOnlyList<AddedToken> AddedTokens(Func<string, int?> find)
    {
        var tokens = new Dictionary<int, AddedToken>();
        if (_addedTokens.ValueKind == JsonValueKind.Object)
            foreach (var token in _addedTokens.EnumerateObject())
                if (token.Value.ValueKind == JsonValueKind.Number && token.Value.TryGetInt32(out var id) && id is >= 0 and < TokenizerLimits.MostTokens) tokens[id] = new AddedToken(id, TokenizerLimits.Token(token.Name), Special: false);
        if (!Exists) return [.. tokens.Values];
        if (_config.TryGetProperty("added_tokens_decoder", out var decoder) && decoder.ValueKind == JsonValueKind.Object)
            foreach (var token in decoder.EnumerateObject())
                if (int.TryParse(token.Name, System.Globalization.CultureInfo.InvariantCulture, out var id) && id is >= 0 and < TokenizerLimits.MostTokens)
                {
                    var part = new Part(token.Value, "added token");
                    var (special, word) = (part.Flag("special", false), part.Flag("single_word", false));
                    tokens[id] = new AddedToken(id, part.Token("content"), special, word, part.Flag("lstrip", false), part.Flag("rstrip", false));
                }
        foreach (var name in new[] { "bos_token", "eos_token", "unk_token", "pad_token" })
            if (Token(name) is { Length: > 0 } content && (tokens.Values.FirstOrDefault(token => token.Content == content)?.Id ?? find(content)) is { } id)
                tokens[id] = tokens.GetValueOrDefault(id, new AddedToken(id, content, Special: true)) with { Special = true };
        return [.. tokens.Values.OrderBy(token => token.Id)];
    }

    private static string? Content(JsonElement json, string name)
        => json.ValueKind != JsonValueKind.Object || !json.TryGetProperty(name, out var value) ? null
            : value.ValueKind == JsonValueKind.String ? value.GetString()
            : String(value, "content");

    private static string? String(JsonElement json, string name)
        => json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;

    private static JsonElement Read(string folder, string name, List<string>? files)
    {
        var path = Path.Combine(folder, name);
        if (!File.Exists(path)) return default;
        files?.Add(path);
        return TokenizerDirectory.ReadJson(path);
    }
}
