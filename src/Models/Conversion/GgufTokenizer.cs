using System.Text.Json;
using System.Text.Json.Nodes;
using AlpacaCot.Files;
using AlpacaCot.Models.Checkpoints.Gguf;

namespace AlpacaCot.Models.Conversion;

/// <summary>The tokenizer inside a GGUF file, to and from the files that a Hugging Face directory has of it.</summary>
internal static class GgufTokenizer
{
    private const string Keys = "tokenizer.ggml.", Template = "tokenizer.chat_template";
    /// <summary>Bytes of the largest tokenizer, and its most ids: the limits of those who read one to encode text. The list that is written is as long as the largest id.</summary>
    internal const int LargestTokenizer = 128 << 20, MostTokens = 1 << 21;

    private const string Contractions = @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|";
    private const string Rest = @"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    // llama.cpp names the pattern that a text is cut by; a null one is GPT-2's, which the pre-tokenizer knows itself. Of several names for one cut the first is written.
    private static readonly (string Name, string? Pattern, bool Nfc, bool IgnoreMerges)[] Cuts =
    [
        ("gpt-2", null, false, false), ("phi-2", null, false, false), ("mpt", null, false, false), ("olmo", null, true, false), ("bloom", @" ?[^(\s|[.,!?…。，、।۔،])]+", false, false),
        ("llama-bpe", $@"{Contractions}\p{{N}}{{1,3}}{Rest}", false, true), ("qwen2", $@"{Contractions}\p{{N}}{Rest}", true, false),
    ];

    /// <summary>Writes <c>tokenizer.json</c> or <c>tokenizer.model</c>, and <c>tokenizer_config.json</c>.</summary>
    /// <param name="header">The file's header.</param>
    /// <param name="folder">The model directory.</param>
    /// <returns>Why there is no tokenizer, or null.</returns>
    public static string? Write(GgufHeader header, string folder)
    {
        if (header.Texts(Keys + "tokens") is not { Length: > 0 } tokens) return "the file has no tokenizer; give one with --tokenizer";
        var types = header.Reals(Keys + "token_type") is { } given ? Array.ConvertAll(given, type => (PieceType)(int)type) : [.. tokens.Select(_ => PieceType.Normal)];
        if (types.Length != tokens.Length) throw header.Error(Keys + "token_type", $"has {types.Length} entries for {tokens.Length} tokens");
        switch (header.Text(Keys + "model"))
        {
            case "gpt2":
                var pre = header.Text(Keys + "pre") ?? "gpt-2";
                if (Array.Find(Cuts, cut => cut.Name == pre) is not { Name: not null } cut) return $"the file's tokenizer cuts texts by '{pre}', which is not known; give one with --tokenizer";
                var merges = header.Texts(Keys + "merges") ?? throw header.Error(Keys + "merges", "is missing");
                Json(Path.Combine(folder, "tokenizer.json"), Bpe(header, tokens, types, merges, cut.Pattern, cut.Nfc, cut.IgnoreMerges));
                break;
            case "llama":
                var scores = header.Reals(Keys + "scores") ?? throw header.Error(Keys + "scores", "is missing");
                if (scores.Length != tokens.Length) throw header.Error(Keys + "scores", $"has {scores.Length} entries for {tokens.Length} tokens");
                var pieces = tokens.Select((text, i) => new Piece(text, (float)scores[i], types[i])).ToList();
                var ids = new SentencePieceIds(Id("unknown") ?? 0, Id("bos") ?? 1, Id("eos") ?? 2, Id("padding") ?? -1);
                AtomicFile.Write(Path.Combine(folder, "tokenizer.model"), stream => stream.Write(SentencePieceModel.Write(pieces, ids, header.Flag(Keys + "add_space_prefix") ?? true)));
                break;
            case var other:
                return $"the file's tokenizer is of the kind '{other}', which is not read; give one with --tokenizer";
        }
        Json(Path.Combine(folder, "tokenizer_config.json"), Settings(header, tokens));
        return null;

        int? Id(string name) => header.Integer($"{Keys}{name}_token_id");
    }

    /// <summary>The keys that a directory's tokenizer becomes; none where it has none of a kind that the format holds.</summary>
    public static IReadOnlyList<KeyValuePair<string, object>> Read(string folder)
    {
        var keys = new List<KeyValuePair<string, object>>();
        if (Path.Combine(folder, "tokenizer.json") is var json && File.Exists(json))
        {
            try
            {
                ReadBpe(FileText.ReadJsonObject(json, LargestTokenizer), json, keys);
            }
            catch (InvalidDataException e)
            {
                throw new ModelException(e.Message, e);
            }
            catch (Exception e) when (e is InvalidOperationException or FormatException)
            {
                throw new ModelException($"{json}: is no tokenizer.json of byte-level BPE: a part of it is of another kind than the format has there", e);
            }
        }
        if (keys.Count == 0 && Path.Combine(folder, "tokenizer.model") is var model && File.Exists(model)) ReadPieces(SentencePieceModel.Read(model), keys);
        if (keys.Count == 0) return keys;
        var settings = Path.Combine(folder, "tokenizer_config.json") is var file && File.Exists(file) ? Settings(file) : null;
        if (settings?["add_bos_token"]?.GetValueKind() is JsonValueKind.True or JsonValueKind.False) keys.Add(new(Keys + "add_bos_token", settings["add_bos_token"]!.GetValue<bool>()));
        var jinja = Path.Combine(folder, "chat_template.jinja");
        if (File.Exists(jinja)) keys.Add(new(Template, JsonText.Read(jinja)));
        else if (settings?["chat_template"] is JsonValue template && template.TryGetValue<string>(out var text)) keys.Add(new(Template, text));
        return keys;
    }

    private static JsonObject Settings(string file)
    {
        try
        {
            return FileText.ReadJsonObject(file, LargestTokenizer);
        }
        catch (InvalidDataException e)
        {
            throw new ModelException(e.Message, e);
        }
    }

    private static JsonObject Bpe(GgufHeader header, string[] tokens, PieceType[] types, string[] merges, string? pattern, bool nfc, bool ignoreMerges)
    {
        var (vocabulary, added) = (new JsonObject(), new JsonArray());
        for (var id = 0; id < tokens.Length; id++)
        {
            if (!vocabulary.TryAdd(tokens[id], id)) throw header.Error(Keys + "tokens", $"holds '{tokens[id]}' twice");
            if (types[id] is PieceType.Control or PieceType.UserDefined)
                added.Add(new JsonObject
                {
                    ["id"] = id, ["content"] = tokens[id], ["single_word"] = false, ["lstrip"] = false, ["rstrip"] = false, ["normalized"] = false, ["special"] = types[id] == PieceType.Control,
                });
        }
        var bytes = new JsonObject { ["type"] = "ByteLevel", ["add_prefix_space"] = false, ["trim_offsets"] = true, ["use_regex"] = pattern is null };
        var split = new JsonObject { ["type"] = "Split", ["pattern"] = new JsonObject { ["Regex"] = pattern }, ["behavior"] = "Isolated", ["invert"] = false };
        return new JsonObject
        {
            ["version"] = "1.0", ["truncation"] = null, ["padding"] = null, ["added_tokens"] = added,
            ["normalizer"] = nfc ? new JsonObject { ["type"] = "NFC" } : null,
            ["pre_tokenizer"] = pattern is null ? bytes : new JsonObject { ["type"] = "Sequence", ["pretokenizers"] = new JsonArray(split, bytes) },
            ["post_processor"] = header.Flag(Keys + "add_bos_token") == true && header.Integer(Keys + "bos_token_id") is { } bos && bos < tokens.Length ? WithBos(tokens[bos], bos) : null,
            ["decoder"] = new JsonObject { ["type"] = "ByteLevel", ["add_prefix_space"] = true, ["trim_offsets"] = true, ["use_regex"] = true },
            ["model"] = new JsonObject
            {
                ["type"] = "BPE", ["dropout"] = null, ["unk_token"] = null, ["continuing_subword_prefix"] = null, ["end_of_word_suffix"] = null, ["fuse_unk"] = false,
                ["byte_fallback"] = false, ["ignore_merges"] = ignoreMerges, ["vocab"] = vocabulary, ["merges"] = new JsonArray([.. merges.Select(merge => (JsonNode)merge)]),
            },
        };
    }

    private static JsonObject WithBos(string token, int id)
    {
        static JsonObject Part(string kind, string name, int type) => new() { [kind] = new JsonObject { ["id"] = name, ["type_id"] = type } };
        return new JsonObject
        {
            ["type"] = "TemplateProcessing",
            ["single"] = new JsonArray(Part("SpecialToken", token, 0), Part("Sequence", "A", 0)),
            ["pair"] = new JsonArray(Part("SpecialToken", token, 0), Part("Sequence", "A", 0), Part("SpecialToken", token, 1), Part("Sequence", "B", 1)),
            ["special_tokens"] = new JsonObject { [token] = new JsonObject { ["id"] = token, ["ids"] = new JsonArray(id), ["tokens"] = new JsonArray(token) } },
        };
    }

    private static JsonObject Settings(GgufHeader header, string[] tokens)
    {
        var settings = new JsonObject { ["tokenizer_class"] = header.Text(Keys + "model") == "llama" ? "LlamaTokenizer" : "PreTrainedTokenizerFast", ["clean_up_tokenization_spaces"] = false };
        foreach (var (to, from) in new[] { ("bos_token", "bos"), ("eos_token", "eos"), ("pad_token", "padding"), ("unk_token", "unknown") })
            if (header.Integer($"{Keys}{from}_token_id") is { } id && id < tokens.Length) settings[to] = tokens[id];
        settings["add_bos_token"] = header.Flag(Keys + "add_bos_token") ?? header.Text(Keys + "model") == "llama";
        settings["add_eos_token"] = header.Flag(Keys + "add_eos_token") ?? false;
        if (header.Text(Template) is { } template) settings["chat_template"] = template;
        return settings;
    }

    // Byte-level BPE alone has a place in the format, and it names how texts are cut: a cut that has no name there would be another one when it is read.
    private static void ReadBpe(JsonObject json, string file, List<KeyValuePair<string, object>> keys)
    {
        if (json["model"] is not JsonObject model || model["type"]?.ToString() != "BPE" || model["vocab"] is not JsonObject vocabulary || model["merges"] is not JsonArray merges) return;
        if (json["pre_tokenizer"] is not { } cutting || CutOf(cutting, json["normalizer"]?["type"]?.ToString() == "NFC") is not { } cut) return;
        var added = json["added_tokens"]?.AsArray().Select(Given).Select(token => (Id: IdOf(token["id"], file), Text: Given(token["content"]).ToString(), Special: (bool)Given(token["special"]))).ToList() ?? [];
        var known = vocabulary.Select(entry => (entry.Key, Id: IdOf(entry.Value, file))).ToList();
        var count = Math.Max(known.Select(entry => entry.Id).DefaultIfEmpty().Max(), added.Select(token => token.Id).DefaultIfEmpty().Max()) + 1;
        // An id that no token has is there all the same: the embedding has a row for it.
        var (tokens, types) = (Enumerable.Range(0, count).Select(id => $"[unused{id}]").ToArray(), Enumerable.Repeat((int)PieceType.Unused, count).ToArray());
        foreach (var (text, id) in known) (tokens[id], types[id]) = (text, (int)PieceType.Normal);
        foreach (var (id, text, special) in added) (tokens[id], types[id]) = (text, (int)(special ? PieceType.Control : PieceType.UserDefined));
        keys.Add(new(Keys + "model", "gpt2"));
        keys.Add(new(Keys + "pre", cut));
        keys.Add(new(Keys + "tokens", tokens));
        keys.Add(new(Keys + "token_type", types));
        keys.Add(new(Keys + "merges", merges.Select(MergeOf).ToArray()));
    }

    private static string MergeOf(JsonNode? merge) => merge switch
    {
        JsonArray { Count: 2 } pair => $"{Given(pair[0])} {Given(pair[1])}",
        JsonValue text => text.ToString(),
        _ => throw new FormatException("a merge is neither a text nor a pair"),
    };

    private static JsonNode Given(JsonNode? node) => node ?? throw new FormatException("null stands where a value belongs");

    private static int IdOf(JsonNode? id, string file) => id is JsonValue value && value.TryGetValue<int>(out var number) && number is >= 0 and < MostTokens
        ? number
        : throw new ModelException($"{file}: a token has an id that is no whole number from 0 to {MostTokens - 1}");

    private static string? CutOf(JsonNode cutting, bool nfc)
    {
        JsonNode[] parts = cutting["type"]?.ToString() == "Sequence" ? [.. Given(cutting["pretokenizers"]).AsArray().Select(Given)] : [cutting];
        if (parts.Length == 0 || parts[^1]["type"]?.ToString() != "ByteLevel") return null;
        if (parts.Length == 1) return nfc ? "olmo" : "gpt-2";
        var pattern = parts[0]["pattern"]?["Regex"]?.ToString();
        return Array.Find(Cuts, cut => cut.Pattern is not null && cut.Pattern == pattern).Name;
    }

    private static void ReadPieces(IReadOnlyList<Piece> pieces, List<KeyValuePair<string, object>> keys)
    {
        keys.Add(new(Keys + "model", "llama"));
        keys.Add(new(Keys + "pre", "default"));
        keys.Add(new(Keys + "tokens", pieces.Select(piece => piece.Text).ToArray()));
        keys.Add(new(Keys + "scores", pieces.Select(piece => piece.Score).ToArray()));
        keys.Add(new(Keys + "token_type", pieces.Select(piece => (int)piece.Type).ToArray()));
    }

    private static void Json(string path, JsonObject json) => AtomicFile.WriteAllText(path, json.ToJsonString(JsonText.Indented) + "\n");
}
