using AlpacaCot.Data.Catalogue;
using AlpacaCot.Data.Masking;
using AlpacaCot.Data.Templates;
using AlpacaCot.Specs;
using AlpacaCot.Tokenizers;

namespace AlpacaCot.Data.Preparation;

/// <summary>One token as it is shown.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Text">The text that it completes; empty within a character of several tokens. All of them in a row spell the decoded example.</param>
/// <param name="Learnt">Whether it carries loss.</param>
public sealed record PreviewToken(int Id, string Text, bool Learnt);

/// <summary>A run of tokens with one mask.</summary>
/// <param name="Text">Their text.</param>
/// <param name="Tokens">How many they are.</param>
/// <param name="Learnt">Whether they carry loss.</param>
public sealed record MaskSpan(string Text, int Tokens, bool Learnt);

/// <summary>One row of a spec as a model is taught it.</summary>
/// <param name="Source">Its file or generator.</param>
/// <param name="Row">Its row there, from 1.</param>
/// <param name="Prompt">The prompt of the last answer, all turns before it included.</param>
/// <param name="Response">The last answer, as text, before the EOS id.</param>
/// <param name="Refused">Why the row is left out, if it is.</param>
/// <param name="Truncated">Whether the answer lost its end.</param>
/// <param name="Tokens">The tokens; none of a refused row.</param>
public sealed record PreviewRow(
    string Source, int Row, string Prompt, string Response, RefusalCause? Refused, bool Truncated, IReadOnlyList<PreviewToken> Tokens)
{
    /// <summary>The cue that was put into its instruction, if any.</summary>
    public string? Cue { get; init; }

    /// <summary>The tokens in runs of one mask, for a coloured view.</summary>
    public IReadOnlyList<MaskSpan> Spans
    {
        get
        {
            var spans = new List<MaskSpan>();
            for (int begin = 0, end; begin < Tokens.Count; begin = end)
            {
                for (end = begin + 1; end < Tokens.Count && Tokens[end].Learnt == Tokens[begin].Learnt;) end++;
                spans.Add(new MaskSpan(string.Concat(Tokens.Skip(begin).Take(end - begin).Select(token => token.Text)), end - begin, Tokens[begin].Learnt));
            }
            return spans;
        }
    }
}

/// <summary>Rows of a spec rendered, tokenised and masked, exactly as <see cref="DataPreparation"/> does it.</summary>
public static class DataPreview
{
    /// <summary>The first rows of each source, about <paramref name="count"/> in all.</summary>
    /// <exception cref="DatasetException">A source is missing or malformed.</exception>
    public static IReadOnlyList<PreviewRow> Rows(
        DatasetCatalogue catalogue, DataSpec spec, ITokenizer tokenizer, IConversationForm template, int cutoffLength, long seed, int count, bool trainOnPrompt = false)
    {
        DataPreparation.Require(spec);
        var builder = new ExampleBuilder(tokenizer, template, cutoffLength, trainOnPrompt, DataPreparation.OptionsOf(spec));
        var each = (count + spec.Sources.Count - 1) / spec.Sources.Count;
        return
        [
            .. spec.Sources
                .SelectMany((_, index) => new SourceRows(catalogue, spec, index, seed).Read().Take(each))
                .Take(count)
                .Select(row => Render(row.Record, row.Cue, builder, tokenizer, template)),
        ];
    }

    private static PreviewRow Render(Conversation row, string? cue, ExampleBuilder builder, ITokenizer tokenizer, IConversationForm template)
    {
        var built = builder.Build(row);
        var pieces = built.Refused == RefusalCause.TemplateRefuses ? [] : template.Pieces(row);
        return new PreviewRow(row.Source, row.Row, string.Concat(pieces.SkipLast(1).Select(piece => piece.Text)), pieces.Count > 0 ? pieces[^1].Text : "", built.Refused, built.Truncated,
            built.Example is { } example ? Tokens(example, tokenizer) : [])
        {
            Cue = cue,
        };
    }

    private static PreviewToken[] Tokens(Example example, ITokenizer tokenizer)
    {
        // A special token has no text of its own in some tokenizers; a view of the mask shows its name.
        var stream = tokenizer.Stream(skipSpecialTokens: true);
        var tokens = new PreviewToken[example.Ids.Length];
        for (var i = 0; i < tokens.Length; i++)
        {
            var text = stream.Append(example.Ids[i]);
            if (i == tokens.Length - 1) text += stream.Flush();
            if (tokenizer.IsSpecial(example.Ids[i])) text += tokenizer.Token(example.Ids[i]);
            tokens[i] = new PreviewToken(example.Ids[i], text, example.Labels[i] != Example.Ignored);
        }
        return tokens;
    }
}
