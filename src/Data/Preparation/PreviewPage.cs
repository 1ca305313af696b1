using System.Globalization;
using System.Net;
using System.Text;

namespace AlpacaCot.Data.Preparation;

/// <summary>Rows as an HTML page of its own: each token in a box, coloured where it is learnt, its id shown when pointed at.</summary>
public static class PreviewPage
{
    private const string Head = """
        <!doctype html>
        <html lang="en"><meta charset="utf-8"><title>What is learnt</title>
        <style>
        body { font: 15px/1.9 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; color: #1d2129; background: #fff }
        h2 { font-size: 1rem; margin: 2rem 0 .5rem } .refused { color: #a4262c }
        .row { white-space: pre-wrap; overflow-wrap: anywhere; font-family: ui-monospace, monospace; font-size: 13px }
        .row span { border-radius: 3px; padding: 1px 0; box-shadow: inset 0 0 0 1px #0001 } .row .l { background: #b7ebc3 } .row .p { background: #eef0f3 }
        @media (prefers-color-scheme: dark) { body { color: #e6e8eb; background: #16181c } .row .l { background: #1f5c33 } .row .p { background: #2a2e35 } .refused { color: #ff8a8f } }
        </style>
        <h1>What is learnt</h1>
        <p class="row"><span class="l">learnt</span> <span class="p">asked with, not learnt</span></p>

        """;

    /// <summary>The page.</summary>
    public static string Render(IReadOnlyList<PreviewRow> rows)
    {
        var page = new StringBuilder(Head);
        foreach (var row in rows)
        {
            var notes = string.Create(CultureInfo.InvariantCulture, $"{row.Tokens.Count} tokens, {row.Tokens.Count(token => token.Learnt)} learnt{(row.Truncated ? ", cut" : "")}");
            page.Append(CultureInfo.InvariantCulture, $"<h2>{Escaped(row.Source)} row {row.Row}: {(row.Refused is { } cause ? $"<span class=\"refused\">refused: {cause}</span>" : notes)}</h2>\n<div class=\"row\">");
            foreach (var token in row.Tokens) page.Append(CultureInfo.InvariantCulture, $"<span class=\"{(token.Learnt ? 'l' : 'p')}\" title=\"{token.Id}\">{Escaped(token.Text)}</span>");
            page.Append("</div>\n");
        }
        return page.Append("</html>\n").ToString();
    }

    private static string Escaped(string text) => WebUtility.HtmlEncode(text);
}
