using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using AlpacaCot.Files;
using AlpacaCot.Tokenizers.Json;
using AlpacaCot.Tokenizers.SentencePiece;
using AlpacaCot.Tokenizers.Text;

namespace AlpacaCot.Tokenizers;

/// <summary>Opens the tokenizer of a model directory in the layout of the Hugging Face hub.</summary>
public static class TokenizerDirectory
{
    private const string JsonName = "tokenizer.json";
    private const string ModelName = "tokenizer.model";
    private const string ChatGlmName = "ice_text.model";

    /// <summary>
    /// Opens <c>tokenizer.json</c>, else <c>tokenizer.model</c> (SentencePiece), else <c>ice_text.model</c> (ChatGLM-6B), else <c>vocab.json</c> with <c>merges.txt</c>. The configuration beside
    /// it (tokenizer_config.json, special_tokens_map.json, added_tokens.json; ids of generation_config.json or config.json where those name no token)
    /// gives BOS, EOS and padding, and whether BOS and EOS are put around a text.
    /// </summary>
    /// <param name="directoryOrFile">A directory, or one of those files under any name (by its extension).</param>
    /// <exception cref="UnsupportedTokenizerException">The file is sound, but uses a part that is not known.</exception>
    /// <exception cref="TokenizerException">There is no tokenizer, or its file cannot be read.</exception>
    public static IAlignedTokenizer Load(string directoryOrFile)
    {
        var file = Directory.Exists(directoryOrFile) ? Choose(directoryOrFile) : directoryOrFile;
        if (!File.Exists(file)) throw new TokenizerException($"{file} does not exist; give a model directory or a tokenizer file");
        var folder = Path.GetDirectoryName(Path.GetFullPath(file))!;
        try
        {
            return Path.GetExtension(file) switch
            {
                ".model" => LoadModel(file, folder),
                ".json" when Path.GetFileName(file) == "vocab.json" => LoadPairs(file, Path.Combine(folder, "merges.txt"), folder),
                ".json" => LoadJson(file, folder),
                _ => throw new UnsupportedTokenizerException(file, "tokenizer.json, SentencePiece .model, vocab.json with merges.txt"),
            };
        }
        catch (TokenizerException e) when (!e.Message.StartsWith(file, StringComparison.Ordinal) && !e.Message.StartsWith(folder + Path.DirectorySeparatorChar, StringComparison.Ordinal))
        {
            if (e is UnsupportedTokenizerException unsupported) throw unsupported.In(file);
            throw new TokenizerException($"{file}: {e.Message}", e);
        }
        catch (InvalidDataException e)
        {
            throw new TokenizerException($"{file} is damaged or no tokenizer: {e.Message}", e);
        }
    }

    /// <summary>Opens a byte-level BPE model of the first generation: <c>vocab.json</c> and <c>merges.txt</c> under any names, with GPT-2's split pattern.</summary>
    /// <exception cref="TokenizerException">A file cannot be read.</exception>
    public static IAlignedTokenizer LoadPairs(string vocabularyFile, string mergesFile)
        => LoadPairs(vocabularyFile, mergesFile, Path.GetDirectoryName(Path.GetFullPath(vocabularyFile))!);

    /// <summary>Opens a tiktoken rank file, which holds neither its split pattern nor its special tokens.</summary>
    /// <param name="file">Lines of base64 token and rank.</param>
    /// <param name="pattern">The regular expression that cuts text into pieces.</param>
    /// <param name="specialTokens">Special tokens and their ids.</param>
    /// <exception cref="TokenizerException">The file cannot be read.</exception>
    public static IAlignedTokenizer LoadTiktoken(string file, string pattern, IReadOnlyDictionary<string, int> specialTokens)
    {
        if (!File.Exists(file)) throw new TokenizerException($"{file} does not exist; give a tiktoken file");
        try
        {
            var splitter = new Splitter(Patterns.SplitPatterns.Regex(pattern), SplitBehavior.Isolated);
            var splits = new SequencePreTokenizer([splitter, new ByteLevelPreTokenizer(addPrefixSpace: false, useRegex: false)]);
            var added = specialTokens.Select(token => new AddedToken(token.Value, token.Key, Special: true)).ToList();
            var parts = new JsonTokenizerParts(TiktokenFile.Read(file), added, null, splits, PostProcessor.None, next => new ByteLevelStage(next));
            var identity = added.OrderBy(token => token.Id).Select(token => $"{token.Id} {token.Content}").Prepend(pattern).Append(Hash([file]));
            var hash = SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', identity)));
            return new JsonTokenizer(parts, new JsonTokenizerOptions(), Convert.ToHexStringLower(hash));
        }
        catch (TokenizerException e) when (e is not UnsupportedTokenizerException)
        {
            throw new TokenizerException($"{file}: {e.Message}", e);
        }
    }

    internal static JsonElement ReadJson(string path) => Read(path, file => FileText.ReadJson(file, TokenizerLimits.LargestFile));

    internal static string ReadText(string path) => Read(path, file => FileText.Read(file, TokenizerLimits.LargestFile));

    private static T Read<T>(string path, Func<string, T> read)
    {
        try
        {
            return read(path);
        }
        catch (InvalidDataException e)
        {
            throw new TokenizerException(e.Message, e);
        }
    }

    private static string Choose(string folder)
        => new[] { JsonName, ModelName, ChatGlmName, "vocab.json" }.Select(name => Path.Combine(folder, name)).FirstOrDefault(File.Exists)
            ?? throw new TokenizerException($"{folder} has no {JsonName}, {ModelName}, {ChatGlmName} or vocab.json; copy the tokenizer's files beside the model");

    private static JsonTokenizer LoadJson(string file, string folder)
    {
        var files = new List<string> { file };
        return Create(JsonTokenizerParts.Read(ReadJson(file)), new TokenizerConfig(folder, files), files);
    }

    private static JsonTokenizer Create(JsonTokenizerParts parts, TokenizerConfig config, List<string> files)
    {
        var added = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var token in parts.Added) added[token.Content] = token.Id;
        int? Find(string token) => added.TryGetValue(token, out var id) || parts.Model.Vocabulary.TryGetValue(token, out id) ? id : null;
        var options = new JsonTokenizerOptions
        {
            BosId = config.Id("bos_token", Find),
            EosId = config.Id("eos_token", Find),
            PadId = config.Id("pad_token", Find),
            AddBos = config.Flag("add_bos_token"),
            AddEos = config.Flag("add_eos_token"),
        };
        return new JsonTokenizer(parts, options, Hash(files));
    }

    private static JsonTokenizer LoadPairs(string vocabulary, string merges, string folder)
    {
        if (!File.Exists(merges)) throw new TokenizerException($"{vocabulary} needs {merges} beside it");
        var files = new List<string> { vocabulary, merges };
        var config = new TokenizerConfig(folder, files);
        var model = BpeModel.Read(ReadJson(vocabulary), ReadText(merges).Split('\n').Select(line => line.TrimEnd('\r')));
        var qwen = config.Class.StartsWith("Qwen2", StringComparison.Ordinal);
        if (!qwen && config.Class is not ("" or "GPT2Tokenizer" or "GPT2TokenizerFast" or "CodeGenTokenizer" or "CodeGenTokenizerFast"))
            throw new UnsupportedTokenizerException(
                $"vocab.json with merges.txt of class {config.Class}", "GPT2Tokenizer, CodeGenTokenizer, Qwen2Tokenizer; or save a tokenizer.json");
        int? Find(string token) => model.Vocabulary.TryGetValue(token, out var id) ? id : null;
        var added = config.AddedTokens(Find).ToList();
        const string EndOfText = "<|endoftext|>";
        if (added.Count == 0 && Find(EndOfText) is { } end) added.Add(new(end, EndOfText, Special: true));
        IPreTokenizer split = new ByteLevelPreTokenizer(config.Flag("add_prefix_space") ?? false, useRegex: !qwen);
        if (qwen) UnicodeForm.Require();
        if (qwen) split = new SequencePreTokenizer([new Splitter(Patterns.FamilyPattern.Cl100k(digits: 1), SplitBehavior.Isolated), split]);
        var normalizer = qwen ? Normalizers.Form(NormalizationForm.FormC) : null;
        return Create(new JsonTokenizerParts(model, added, normalizer, split, PostProcessor.None, next => new ByteLevelStage(next)), config, files);
    }

    private static IAlignedTokenizer LoadModel(string file, string folder)
    {
        var files = new List<string> { file };
        var model = SentencePieceModel.Parse(Read(file, path => FileText.ReadBytes(path, TokenizerLimits.LargestFile)));
        var config = new TokenizerConfig(folder, files);
        // The file alone is a SentencePiece model; what makes it ChatGLM's is its configuration.
        if (config.Class == "ChatGLMTokenizer" && Path.GetFileName(file) == ChatGlmName) return new ChatGlmTokenizer(model, config.Number("num_image_tokens") ?? 0, Hash(files));
        var pieces = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var id = 0; id < model.Pieces.Count; id++) pieces.TryAdd(model.Pieces[id].Text, id);
        var added = config.AddedTokens(token => pieces.TryGetValue(token, out var id) ? id : null);
        foreach (var token in added) pieces[token.Content] = token.Id;
        int? Find(string name) => config.Exists ? config.Id(name, token => pieces.TryGetValue(token, out var id) ? id : null) : null;
        var options = new SentencePieceOptions
        {
            AddBos = config.Flag("add_bos_token") ?? true,
            AddEos = config.Flag("add_eos_token") ?? false,
            BosId = Find("bos_token"),
            EosId = Find("eos_token"),
            PadId = Find("pad_token"),
            AddedTokens = added,
            LegacyPrefix = config.Legacy,
        };
        return new SentencePieceTokenizer(model, options, Hash(files));
    }

    private static string Hash(IEnumerable<string> files)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var file in files)
        {
            // Name and length first, so that the same bytes in other files are another tokenizer.
            var bytes = Read(file, path => FileText.ReadBytes(path, TokenizerLimits.LargestFile));
            hash.AppendData(Encoding.UTF8.GetBytes($"{Path.GetFileName(file)}\n{bytes.Length}\n"));
            hash.AppendData(bytes);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
