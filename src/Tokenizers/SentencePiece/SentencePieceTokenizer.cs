using AlpacaCot.Tokenizers.Text;

namespace AlpacaCot.Tokenizers.SentencePiece;

/// <summary>What a directory's configuration adds to a SentencePiece file.</summary>
internal sealed record SentencePieceOptions
{
    /// <summary>Put BOS in front when special tokens are asked for (if the file has one).</summary>
    public bool AddBos { get; init; } = true;

    /// <summary>Put EOS behind when special tokens are asked for (if the file has one).</summary>
    public bool AddEos { get; init; }

    /// <summary>Padding by another piece than the file's.</summary>
    public int? PadId { get; init; }

    /// <summary>BOS by another piece than the file's.</summary>
    public int? BosId { get; init; }

    /// <summary>EOS by another piece than the file's.</summary>
    public int? EosId { get; init; }

    /// <summary>Tokens recognised in text beside the file's pieces; they may rename pieces or come after them.</summary>
    public IReadOnlyList<AddedToken> AddedTokens { get; init; } = [];

    /// <summary>Each stretch of text between added tokens gets a dummy prefix of its own, not only the first.</summary>
    public bool LegacyPrefix { get; init; } = true;
}

/// <summary>A SentencePiece model: Kudo and Richardson 2018.</summary>
internal sealed class SentencePieceTokenizer : IAlignedTokenizer
{
    private readonly SentencePieceModel _model;
    private readonly SentencePieceOptions _options;
    private readonly SentencePieceNormalizer _normalizer;
    private readonly ISentencePieceAlgorithm _algorithm;
    private readonly AddedTokens _added;
    private readonly SentencePieceSurfaces _surfaces;
    private readonly string[] _tokens;
    private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);

    /// <summary>Creates a tokenizer; <paramref name="surfaces"/> says what its pieces mean where that is not their text.</summary>
    public SentencePieceTokenizer(SentencePieceModel model, SentencePieceOptions options, string contentHash, SentencePieceSurfaces? surfaces = null)
    {
        (_model, _options, _surfaces, ContentHash) = (model, options, surfaces ?? SentencePieceSurfaces.Of(model), contentHash);
        _added = new AddedTokens(options.AddedTokens, text => text);
        int[]? bytes = model.ByteFallback ? new int[256] : null;
        if (bytes is not null) Array.Fill(bytes, model.UnkId);
        for (var id = 0; id < model.Pieces.Count; id++)
        {
            var piece = model.Pieces[id];
            if (piece.Type == PieceType.Byte && bytes is not null && ByteTokens.Value(piece.Text) is >= 0 and var value) bytes[value] = id;
        }
        var userDefined = new CharTrie(
            model.Pieces.Select((piece, id) => (piece, id)).Where(item => item.piece.Type == PieceType.UserDefined).Select(item => (item.piece.Text, item.id)));
        _normalizer = new SentencePieceNormalizer(model, userDefined);
        _algorithm = model.Algorithm switch
        {
            SentencePieceAlgorithm.Bpe => new SentencePieceBpe(model, userDefined, bytes),
            SentencePieceAlgorithm.Unigram => new SentencePieceUnigram(model, bytes),
            var other => throw new UnsupportedTokenizerException($"a SentencePiece model of type {other.ToString().ToUpperInvariant()}", "BPE, UNIGRAM"),
        };
        VocabularySize = Math.Max(model.Pieces.Count, options.AddedTokens.Select(token => token.Id + 1).DefaultIfEmpty(0).Max());
        _tokens = new string[VocabularySize];
        Array.Fill(_tokens, "");
        for (var id = 0; id < model.Pieces.Count; id++) _tokens[id] = model.Pieces[id].Text;
        foreach (var token in options.AddedTokens) _tokens[token.Id] = token.Content;
        for (var id = 0; id < _tokens.Length; id++) _ids.TryAdd(_tokens[id], id);
    }

    public int VocabularySize { get; }

    public int? BosId => _options.BosId ?? Present(_model.BosId);

    public int? EosId => _options.EosId ?? Present(_model.EosId);

    public int? PadId => _options.PadId ?? Present(_model.PadId);

    public string ContentHash { get; }

    public int[] Encode(string text, EncodeOptions options = default)
    {
        text = Utf16.WellFormed(text);
        using var work = IdList.Rent();
        var ids = work.Ids;
        if (options is { AddSpecialTokens: true, Continuation: false } && _options.AddBos && BosId is { } bos) ids.Add(bos);
        if (_added.IsEmpty) _algorithm.Encode(_normalizer.Normalize(text, !options.Continuation), ids);
        else
        {
            var first = true;
            foreach (var section in _added.Split(text, normalized: false, options.SpecialTokensAsText))
            {
                if (section.Id >= 0) ids.Add(section.Id);
                else
                {
                    var prefix = !options.Continuation && (first || _options.LegacyPrefix);
                    _algorithm.Encode(_normalizer.Normalize(text[section.Begin..section.End], prefix), ids);
                }
                first = false;
            }
        }
        if (options.AddSpecialTokens && _options.AddEos && EosId is { } eos) ids.Add(eos);
        return [.. ids];
    }

    public TokenSpan[] EncodeWithOffsets(string text, EncodeOptions options = default)
    {
        text = Utf16.WellFormed(text);
        var tokens = new List<TokenSpan>();
        if (options is { AddSpecialTokens: true, Continuation: false } && _options.AddBos && BosId is { } bos) tokens.Add(new TokenSpan(bos, 0, 0));
        var first = true;
        foreach (var section in _added.Split(text, normalized: false, options.SpecialTokensAsText))
        {
            if (section.Id >= 0) tokens.Add(new TokenSpan(section.Id, section.Begin, section.End));
            else
            {
                var (ids, spans, origins) = (new List<int>(), new List<(int Begin, int End)>(), new List<int>());
                var prefix = !options.Continuation && (first || _options.LegacyPrefix);
                _algorithm.Encode(_normalizer.Normalize(text[section.Begin..section.End], prefix, origins), ids, spans);
                for (var i = 0; i < ids.Count; i++) tokens.Add(new TokenSpan(ids[i], section.Begin + origins[spans[i].Begin], section.Begin + origins[spans[i].End]));
            }
            first = false;
        }
        if (options.AddSpecialTokens && _options.AddEos && EosId is { } eos) tokens.Add(new TokenSpan(eos, 0, 0));
        return [.. tokens];
    }

    public string Decode(ReadOnlySpan<int> ids, bool skipSpecialTokens = false)
    {
        var stream = new SentencePieceStream(_model, _surfaces, _added, skipSpecialTokens);
        foreach (var id in ids) stream.Feed(id);
        return stream.Flush();
    }

    public bool IsSpecial(int id)
        => _added.Find(id) is { } token
            ? token.Special
            : (uint)id < _model.Pieces.Count && _model.Pieces[id].Type is PieceType.Control or PieceType.Unknown;

    public string Token(int id) => (uint)id < (uint)_tokens.Length
        ? _tokens[id]
        : throw new TokenizerException($"id {id} is outside the vocabulary of {VocabularySize} ids");

    public int? Find(string token) => _ids.TryGetValue(token, out var id) ? id : null;

    public ITokenStream Stream(bool skipSpecialTokens = true) => new SentencePieceStream(_model, _surfaces, _added, skipSpecialTokens);

    private int? Present(int id) => (uint)id < _model.Pieces.Count ? id : null;
}
