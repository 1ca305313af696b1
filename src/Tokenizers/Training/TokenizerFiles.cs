using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using AlpacaCot.Files;

namespace AlpacaCot.Tokenizers.Training;

/// <summary>Writes a byte-level BPE model as <c>tokenizer.json</c> and <c>tokenizer_config.json</c>.</summary>
internal static class TokenizerFiles
{
    private static readonly JsonWriterOptions _format = new() { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void Write(string directory, ByteBpeOptions options, IReadOnlyList<string> tokens, IReadOnlyList<(int Left, int Right)> merges)
    {
        Directory.CreateDirectory(directory);
        Put(Path.Combine(directory, "tokenizer_config.json"), json => Config(json, options));
        Put(Path.Combine(directory, "tokenizer.json"), json => Tokenizer(json, options, tokens, merges));
    }

    private static void Put(string path, Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, _format)) write(json);
        AtomicFile.Write(path, file => file.Write(buffer.WrittenSpan));
    }

    private static void Config(Utf8JsonWriter json, ByteBpeOptions options)
    {
        json.WriteStartObject();
        json.WriteString("tokenizer_class", "PreTrainedTokenizerFast");
        json.WriteString("unk_token", options.SpecialTokens.Unknown);
        json.WriteString("bos_token", options.SpecialTokens.Begin);
        json.WriteString("eos_token", options.SpecialTokens.End);
        json.WriteBoolean("clean_up_tokenization_spaces", false);
        json.WriteEndObject();
    }

    private static void Tokenizer(Utf8JsonWriter json, ByteBpeOptions options, IReadOnlyList<string> tokens, IReadOnlyList<(int Left, int Right)> merges)
    {
        string[] special = [options.SpecialTokens.Unknown, options.SpecialTokens.Begin, options.SpecialTokens.End];
        json.WriteStartObject();
        json.WriteString("version", "1.0");
        json.WriteNull("truncation");
        json.WriteNull("padding");
        json.WriteStartArray("added_tokens");
        for (var id = 0; id < special.Length; id++)
        {
            json.WriteStartObject();
            json.WriteNumber("id", id);
            json.WriteString("content", special[id]);
            foreach (var flag in new[] { "single_word", "lstrip", "rstrip", "normalized" }) json.WriteBoolean(flag, false);
            json.WriteBoolean("special", true);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteNull("normalizer");
        json.WritePropertyName("pre_tokenizer");
        if (options.SplitDigits)
        {
            json.WriteStartObject();
            json.WriteString("type", "Sequence");
            json.WriteStartArray("pretokenizers");
            json.WriteStartObject();
            json.WriteString("type", "Digits");
            json.WriteBoolean("individual_digits", true);
            json.WriteEndObject();
            ByteLevel(json, useRegex: true);
            json.WriteEndArray();
            json.WriteEndObject();
        }
        else ByteLevel(json, useRegex: true);
        json.WritePropertyName("post_processor");
        if (options.AddBegin) Template(json, options.SpecialTokens.Begin);
        else json.WriteNullValue();
        json.WritePropertyName("decoder");
        ByteLevel(json, useRegex: true);
        Model(json, tokens, merges);
        json.WriteEndObject();
    }

    private static void ByteLevel(Utf8JsonWriter json, bool useRegex)
    {
        json.WriteStartObject();
        json.WriteString("type", "ByteLevel");
        json.WriteBoolean("add_prefix_space", false);
        json.WriteBoolean("trim_offsets", true);
        json.WriteBoolean("use_regex", useRegex);
        json.WriteEndObject();
    }

    private static void Template(Utf8JsonWriter json, string begin)
    {
        json.WriteStartObject();
        json.WriteString("type", "TemplateProcessing");
        json.WriteStartArray("single");
        Item(json, "SpecialToken", begin, 0);
        Item(json, "Sequence", "A", 0);
        json.WriteEndArray();
        json.WriteStartArray("pair");
        Item(json, "SpecialToken", begin, 0);
        Item(json, "Sequence", "A", 0);
        Item(json, "SpecialToken", begin, 1);
        Item(json, "Sequence", "B", 1);
        json.WriteEndArray();
        json.WriteStartObject("special_tokens");
        json.WriteStartObject(begin);
        json.WriteString("id", begin);
        json.WriteStartArray("ids");
        json.WriteNumberValue(1);
        json.WriteEndArray();
        json.WriteStartArray("tokens");
        json.WriteStringValue(begin);
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void Item(Utf8JsonWriter json, string kind, string id, int type)
    {
        json.WriteStartObject();
        json.WriteStartObject(kind);
        json.WriteString("id", id);
        json.WriteNumber("type_id", type);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void Model(Utf8JsonWriter json, IReadOnlyList<string> tokens, IReadOnlyList<(int Left, int Right)> merges)
    {
        json.WriteStartObject("model");
        json.WriteString("type", "BPE");
        foreach (var absent in new[] { "dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix" }) json.WriteNull(absent);
        foreach (var flag in new[] { "fuse_unk", "byte_fallback", "ignore_merges" }) json.WriteBoolean(flag, false);
        json.WriteStartObject("vocab");
        for (var id = 0; id < tokens.Count; id++) json.WriteNumber(tokens[id], id);
        json.WriteEndObject();
        json.WriteStartArray("merges");
        foreach (var (left, right) in merges) json.WriteStringValue($"{tokens[left]} {tokens[right]}");
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
