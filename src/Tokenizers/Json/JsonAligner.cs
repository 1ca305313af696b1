using AlpacaCot.Tokenizers.Offsets;
using AlpacaCot.Tokenizers.Text;

namespace AlpacaCot.Tokenizers.Json;

/// <summary>Encodes as <see cref="JsonTokenizer"/> does, step by step the same, and keeps track of where everything comes from.</summary>
internal sealed class JsonAligner(JsonTokenizerParts parts, AddedTokens added, Func<int, string> token)
{
    private readonly List<TokenSpan> _tokens = [];
    private readonly Dictionary<int, string> _written = [];

    public TokenSpan[] Encode(string text, EncodeOptions options, int[] before, int[] after)
    {
        foreach (var section in added.Split(text, normalized: false, options.SpecialTokensAsText))
            if (section.Id >= 0) Added(section.Id, section.Begin, section.End, text[section.Begin..section.End]);
            else Section(AlignedText.Of(text[section.Begin..section.End], section.Begin), section.Begin == 0, options);
        foreach (var trim in parts.PostProcessor.Trims)
            for (var i = 0; i < _tokens.Count; i++)
                _tokens[i] = trim.Apply(_tokens[i], _written.TryGetValue(i, out var written) ? written : token(_tokens[i].Id), i == 0, text);
        return [.. before.Select(id => new TokenSpan(id, 0, 0)), .. _tokens, .. after.Select(id => new TokenSpan(id, 0, 0))];
    }

    /// <summary>An added token may have taken white space with it, which its own text does not show.</summary>
    private void Added(int id, int begin, int end, string written)
    {
        _written[_tokens.Count] = written;
        _tokens.Add(new TokenSpan(id, begin, end));
    }

    private void Section(AlignedText text, bool first, EncodeOptions options)
    {
        var prefix = !options.Continuation;
        text = parts.Normalizer?.Align(text, prefix) ?? text;
        foreach (var section in added.Split(text.Text, normalized: true, options.SpecialTokensAsText))
            if (section.Id >= 0)
            {
                var (begin, end) = text.Range(section.Begin, section.End);
                Added(section.Id, begin, end, text.Text[section.Begin..section.End]);
            }
            else Text(text.Slice(section.Begin, section.End), first && section.Begin == 0, prefix);
    }

    private void Text(AlignedText text, bool first, bool prefix)
    {
        var pieces = new Pieces();
        pieces.Reset(text.Text, first, prefix, tracks: true);
        parts.PreTokenizer?.Apply(pieces);
        var found = new List<TokenSpan>();
        foreach (var range in pieces.Ranges)
        {
            found.Clear();
            parts.Model.Tokenize(pieces[range], found);
            foreach (var part in found)
            {
                // A model may write a token for nothing: it stands where it is.
                var last = Math.Max(part.Begin, part.End - 1);
                var (begin, end) = text.Range(pieces.OriginOf(range.Begin + part.Begin), pieces.OriginOf(range.Begin + last) + 1);
                _tokens.Add(new TokenSpan(part.Id, begin, end));
            }
        }
    }
}
