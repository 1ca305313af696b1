using System.Text.Json;
using AlpacaCot.Tokenizers.Text;

namespace AlpacaCot.Tokenizers.Json;

/// <summary>What a directory's configuration adds to a tokenizer.json.</summary>
internal sealed record JsonTokenizerOptions
{
    /// <summary>The token at the beginning.</summary>
    public int? BosId { get; init; }

    /// <summary>The token at the end.</summary>
    public int? EosId { get; init; }

    /// <summary>The padding.</summary>
    public int? PadId { get; init; }

    /// <summary>Whether BOS is put in front, where the configuration says so; else the post-processor decides.</summary>
    public bool? AddBos { get; init; }

    /// <summary>Whether EOS is put behind, where the configuration says so; else the post-processor decides.</summary>
    public bool? AddEos { get; init; }
}

/// <summary>The parts of a tokenizer.json.</summary>
internal sealed record JsonTokenizerParts(
    ITokenModel Model,
    IReadOnlyList<AddedToken> Added,
    Normalizer? Normalizer,
    IPreTokenizer? PreTokenizer,
    PostProcessor PostProcessor,
    Func<DecodeStage, DecodeStage> Decoder)
{
    /// <summary>Reads a tokenizer.json.</summary>
    /// <exception cref="UnsupportedTokenizerException">A part is of a type that is not known.</exception>
    public static JsonTokenizerParts Read(JsonElement json)
    {
        var root = new Part(json, "tokenizer");
        var model = new Part(root.Get("model"), "model");
        // Old files do not name the type of a BPE model.
        var type = model.Has("type") ? model.Type : model.Has("merges") ? "BPE" : "";
        return new JsonTokenizerParts(
            type switch
            {
                "BPE" => BpeModel.Read(model),
                "Unigram" => new UnigramModel(model),
                "WordPiece" => new WordPieceModel(model),
                _ => throw new UnsupportedTokenizerException($"tokenizer model {type}", "BPE, Unigram, WordPiece"),
            },
            root.Has("added_tokens") ? [.. root.List("added_tokens", "added token").Select(Token)] : [],
            root.Has("normalizer") ? Normalizers.Read(root.Component("normalizer", TokenizerLimits.MostParts)) : null,
            root.Has("pre_tokenizer") ? PreTokenizers.Read(root.Component("pre_tokenizer", TokenizerLimits.MostParts)) : null,
            root.Has("post_processor") ? PostProcessor.Read(root.Component("post_processor", TokenizerLimits.MostPostProcessorParts)) : PostProcessor.None,
            root.Has("decoder") ? Decoders.Read(root.Component("decoder", TokenizerLimits.MostParts)) : Decoders.Join);
    }

    /// <summary>Reads an added token.</summary>
    public static AddedToken Token(Part part) => new(
        part.Number("id", -1) is >= 0 and < TokenizerLimits.MostTokens and var id ? id : throw new TokenizerException("tokenizer.json: an added token without an id"),
        part.Token("content"),
        part.Flag("special", false),
        part.Flag("single_word", false),
        part.Flag("lstrip", false),
        part.Flag("rstrip", false),
        part.Flag("normalized", !part.Flag("special", false)));
}

/// <summary>A tokenizer.json: normalizer, pre-tokenizer, model, post-processor, decoder (the format of the Hugging Face tokenizers library).</summary>
internal sealed class JsonTokenizer : IAlignedTokenizer
{
    private readonly JsonTokenizerParts _parts;
    private readonly JsonTokenizerOptions _options;
    private readonly AddedTokens _added;
    private readonly string?[] _tokens;
    private readonly bool[] _special;
    private readonly Dictionary<string, int> _addedIds = new(StringComparer.Ordinal);
    private readonly int[] _before;
    private readonly int[] _after;

    [ThreadStatic]
    private static Pieces? _pieces;

    public JsonTokenizer(JsonTokenizerParts parts, JsonTokenizerOptions options, string contentHash)
    {
        (_parts, _options, ContentHash) = (parts, options, contentHash);
        string Normalize(string text) => parts.Normalizer?.Apply(text, prefix: true) ?? text;
        _added = new AddedTokens(parts.Added, Normalize);
        VocabularySize = parts.Model.Vocabulary.Values.Concat(parts.Added.Select(token => token.Id)).DefaultIfEmpty(-1).Max() + 1;
        _tokens = new string?[VocabularySize];
        foreach (var (token, id) in parts.Model.Vocabulary) _tokens[id] = token;
        foreach (var token in parts.Added)
        {
            // A token that is looked for in normalized text is written as it looks there.
            _tokens[token.Id] = token.Normalized ? Normalize(token.Content) : token.Content;
            _addedIds[token.Content] = token.Id;
        }
        _special = [.. _tokens.Select(token => token is not null && _added.IsSpecial(token))];
        foreach (var id in parts.PostProcessor.Before.Concat(parts.PostProcessor.After))
            if ((uint)id >= (uint)VocabularySize) throw new TokenizerException($"the post-processor puts the id {id} around a text, which is outside the vocabulary of {VocabularySize} ids");
        _before = Around(parts.PostProcessor.Before, options.AddBos, options.BosId, first: true);
        _after = Around(parts.PostProcessor.After, options.AddEos, options.EosId, first: false);
    }

    public int VocabularySize { get; }

    public int? BosId => _options.BosId;

    public int? EosId => _options.EosId;

    public int? PadId => _options.PadId;

    public string ContentHash { get; }

    public int[] Encode(string text, EncodeOptions options = default)
    {
        text = Utf16.WellFormed(text);
        using var work = IdList.Rent();
        var ids = work.Ids;
        if (options is { AddSpecialTokens: true, Continuation: false }) ids.AddRange(_before);
        var pieces = _pieces ??= new Pieces();
        if (_added.IsEmpty) Section(text, first: true, options, pieces, ids);
        else
            foreach (var section in _added.Split(text, normalized: false, options.SpecialTokensAsText))
                if (section.Id >= 0) ids.Add(section.Id);
                else Section(text[section.Begin..section.End], section.Begin == 0, options, pieces, ids);
        pieces.Trim();
        if (options.AddSpecialTokens) ids.AddRange(_after);
        return [.. ids];
    }

    public TokenSpan[] EncodeWithOffsets(string text, EncodeOptions options = default)
        => new JsonAligner(_parts, _added, Token).Encode(
            Utf16.WellFormed(text), options, options is { AddSpecialTokens: true, Continuation: false } ? _before : [], options.AddSpecialTokens ? _after : []);

    public string Decode(ReadOnlySpan<int> ids, bool skipSpecialTokens = false)
    {
        var stream = new JsonTokenStream(this, skipSpecialTokens);
        foreach (var id in ids) stream.Feed(id);
        return stream.Flush();
    }

    public bool IsSpecial(int id) => (uint)id < (uint)_special.Length && _special[id];

    public string Token(int id) => (uint)id < (uint)_tokens.Length
        ? _tokens[id] ?? ""
        : throw new TokenizerException($"id {id} is outside the vocabulary of {VocabularySize} ids");

    public int? Find(string token)
        => _addedIds.TryGetValue(token, out var added) ? added : _parts.Model.Vocabulary.TryGetValue(token, out var id) ? id : null;

    public ITokenStream Stream(bool skipSpecialTokens = true) => new JsonTokenStream(this, skipSpecialTokens);

    private void Section(string text, bool first, EncodeOptions options, Pieces pieces, List<int> ids)
    {
        var prefix = !options.Continuation;
        var normal = _parts.Normalizer?.Apply(text, prefix) ?? text;
        if (_added.IsEmpty)
        {
            Text(normal, first, prefix, pieces, ids);
            return;
        }
        foreach (var section in _added.Split(normal, normalized: true, options.SpecialTokensAsText))
            if (section.Id >= 0) ids.Add(section.Id);
            else Text(normal.AsSpan(section.Begin, section.End - section.Begin), first && section.Begin == 0, prefix, pieces, ids);
    }

    private void Text(ReadOnlySpan<char> text, bool first, bool prefix, Pieces pieces, List<int> ids)
    {
        if (_parts.PreTokenizer is null)
        {
            if (text.Length > 0) _parts.Model.Tokenize(text, ids);
            return;
        }
        pieces.Reset(text, first, prefix);
        _parts.PreTokenizer.Apply(pieces);
        foreach (var range in pieces.Ranges) _parts.Model.Tokenize(pieces[range], ids);
    }

    private static int[] Around(int[] ids, bool? add, int? id, bool first)
    {
        if (add is not { } wanted || id is not { } token) return ids;
        var has = ids.Length > 0 && (first ? ids[0] : ids[^1]) == token;
        return (wanted, has, first) switch
        {
            (true, false, true) => [token, .. ids],
            (true, false, false) => [.. ids, token],
            (false, true, true) => ids[1..],
            (false, true, false) => ids[..^1],
            _ => ids,
        };
    }

    private sealed class JsonTokenStream : ITokenStream
    {
        private readonly JsonTokenizer _tokenizer;
        private readonly bool _skip;
        private readonly TextSink _sink = new();
        private DecodeStage _stages;

        public JsonTokenStream(JsonTokenizer tokenizer, bool skip)
        {
            (_tokenizer, _skip) = (tokenizer, skip);
            _stages = tokenizer._parts.Decoder(_sink);
        }

        public void Feed(int id)
        {
            if ((uint)id >= (uint)_tokenizer._tokens.Length || _tokenizer._tokens[id] is not { } token || (_skip && _tokenizer._special[id])) return;
            _stages.Push(token, begins: true, ends: true);
        }

        public string Append(int id)
        {
            Feed(id);
            return _sink.Take();
        }

        public string Flush()
        {
            _stages.End();
            _stages = _tokenizer._parts.Decoder(_sink);
            return _sink.Take();
        }
    }
}
