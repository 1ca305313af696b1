using System.Globalization;
using System.Text;
using AlpacaCot.Data.Catalogue;
using AlpacaCot.Data.Preparation;
using AlpacaCot.Data.Templates;
using AlpacaCot.Files;
using AlpacaCot.Tokenizers;
using AlpacaCot.Worker.Protocol;
using AlpacaCot.Worker.Protocol.Tools;

namespace AlpacaCot.Worker.Tools;

/// <summary><c>data show</c>: rows as they are trained, and what was dropped and why.</summary>
internal static class DataTool
{
    /// <summary>
    /// Characters of prompts, responses and tokens that a preview has in all, about 4 MiB as JSON: it is to be looked at, and travels in one message. One row has at most the second number of each.
    /// </summary>
    private const int MostCharacters = 1 << 20, MostOfOneRow = 1 << 16;

    /// <summary>Runs the tool. In the text, what is learnt stands between ⟦ and ⟧.</summary>
    public static void Show(ShowDataRequest request, WorkerFolders folders, JobContext context)
    {
        var (model, spec, trainOnPrompt) = (request.Model, request.Data, request.TrainOnPrompt);
        var (cutoff, seed) = (request.CutoffLen ?? ShowDataRequest.DefaultCutoff, request.Seed ?? 0);
        if (request.BaseDirectory is { } folder) Directory.SetCurrentDirectory(folder);
        var place = File.Exists(model) ? model : ModelPlaces.Resolve(model, folders);
        var tokenizer = TokenizerDirectory.Load(place);
        var template = ConversationForms.Get(spec.Template ?? PromptTemplates.Default, tokenizer, place);
        var catalogue = new DatasetCatalogue([Environment.CurrentDirectory, folders.Datasets]);
        var prepared = new DataPreparation(catalogue, Path.Combine(folders.Cache, "tokens")).Prepare(spec, tokenizer, template, cutoff, seed, context.Stop, trainOnPrompt, request.Matched, place);
        context.Remark(prepared.Report.Remarks);
        var preview = Cut(DataPreview.Rows(catalogue, spec, tokenizer, template, cutoff, seed, request.Rows, trainOnPrompt), context);
        context.Answer(
            new
            {
                rows = preview.Select(row => new
                {
                    source = row.Source, row = row.Row, prompt = row.Prompt, response = row.Response, refused = row.Refused?.ToString(), truncated = row.Truncated, cue = row.Cue,
                    ids = row.Tokens.Select(t => t.Id), learnt = row.Tokens.Select(t => t.Learnt),
                }),
                report = prepared.Report, content_hash = prepared.ContentHash, template = template.Name, template_sha256 = template.Hash,
            },
            Text(preview, prepared));
    }

    /// <summary><c>data inspect</c>: the tokens of rows, each told apart, with what is learnt; as text between ⟦ and ⟧ and as an HTML page.</summary>
    public static void Inspect(InspectDataRequest request, WorkerFolders folders, JobContext context)
    {
        var (model, spec, page) = (request.Model, request.Data, request.Html);
        var place = File.Exists(model) ? model : ModelPlaces.Resolve(model, folders);
        var tokenizer = TokenizerDirectory.Load(place);
        var template = ConversationForms.Get(spec.Template ?? PromptTemplates.Default, tokenizer, place);
        var catalogue = new DatasetCatalogue([Environment.CurrentDirectory, folders.Datasets]);
        var preview = Cut(DataPreview.Rows(catalogue, spec, tokenizer, template, request.CutoffLen, request.Seed, request.Rows), context);
        if (page is not null) AtomicFile.WriteAllText(page, PreviewPage.Render(preview));
        var text = new StringBuilder();
        foreach (var row in preview)
        {
            text.Append(CultureInfo.InvariantCulture, $"── {row.Source} row {row.Row}: {(row.Refused is { } cause ? $"refused: {cause}" : $"{row.Tokens.Count} tokens, {row.Tokens.Count(token => token.Learnt)} learnt{(row.Truncated ? ", cut" : "")}")}\n");
            foreach (var token in row.Tokens) text.Append(token.Learnt ? $"⟦{token.Text}⟧" : $"{token.Text}·");
            text.Append('\n');
        }
        if (page is not null) text.Append(CultureInfo.InvariantCulture, $"written to {page}\n");
        context.Answer(
            preview.Select(row => new
            {
                source = row.Source, row = row.Row, refused = row.Refused?.ToString(), truncated = row.Truncated,
                tokens = row.Tokens.Select(token => new { id = token.Id, text = token.Text, learnt = token.Learnt }),
            }), text.ToString().TrimEnd('\n'));
    }

    /// <summary>As many of the rows as a preview may have, each not longer than one may be.</summary>
    private static IReadOnlyList<PreviewRow> Cut(IReadOnlyList<PreviewRow> rows, JobContext context)
    {
        var kept = new List<PreviewRow>();
        var characters = 0;
        foreach (var row in rows)
        {
            var cut = row with { Prompt = Cut(row.Prompt), Response = Cut(row.Response), Tokens = [.. row.Tokens.Take(MostOfOneRow)] };
            // A token is an id and whether it is learnt, besides its text.
            characters += cut.Prompt.Length + cut.Response.Length + cut.Tokens.Sum(token => token.Text.Length + 2);
            if (characters > MostCharacters && kept.Count > 0)
            {
                context.Remark($"the preview ends after {kept.Count} of {rows.Count} rows: it is not meant for more than a million characters");
                break;
            }
            kept.Add(cut);
        }
        return kept;
    }

    private static string Cut(string text) => text.Length <= MostOfOneRow ? text : $"{text[..MostOfOneRow]}… ({text.Length - MostOfOneRow} more characters)";

    private static string Text(IReadOnlyList<PreviewRow> rows, PreparedData prepared)
    {
        var text = new StringBuilder();
        foreach (var row in rows)
        {
            text.Append(CultureInfo.InvariantCulture, $"── {row.Source} row {row.Row}, {row.Tokens.Count} tokens{(row.Truncated ? ", cut" : "")}{(row.Refused is { } cause ? $", refused: {cause}" : "")}{(row.Cue is { } cue ? $", cue: {cue}" : "")}\n");
            foreach (var span in row.Spans) text.Append(span.Learnt ? $"⟦{span.Text}⟧" : span.Text);
            text.Append('\n');
        }
        var report = prepared.Report;
        text.Append(CultureInfo.InvariantCulture, $"── {report.RowsRead} rows read, {report.RowsKept} kept, {report.Truncated} cut, {report.Duplicates} duplicates\n");
        foreach (var refusal in report.Refused) text.Append(CultureInfo.InvariantCulture, $"   {refusal.Count} refused: {refusal.Cause} ({string.Join(", ", refusal.FirstRows)}…)\n");
        if (report.Duplicates > 0) text.Append(CultureInfo.InvariantCulture, $"   {report.Duplicates} equal an earlier row ({string.Join(", ", report.FirstDuplicates)}…)\n");
        if (report.NearDuplicates > 0) text.Append(CultureInfo.InvariantCulture, $"   {report.NearDuplicates} nearly equal an earlier row ({string.Join(", ", report.FirstNearDuplicates)}…)\n");
        if (report.Sources.Sum(source => source.Skipped) is > 0 and var skipped) text.Append(CultureInfo.InvariantCulture, $"   {skipped} wrong rows left out\n");
        text.Append(CultureInfo.InvariantCulture, $"   languages: {string.Join(", ", report.Languages.OrderByDescending(entry => entry.Value).Select(entry => $"{entry.Key} {entry.Value}"))}\n");
        var most = Math.Max(1, report.Lengths.Max(bin => bin.Examples));
        foreach (var bin in report.Lengths.Where(bin => bin.Examples > 0)) text.Append(CultureInfo.InvariantCulture, $"   ≤ {bin.UpTo,5} tokens {bin.Examples,8} {new string('█', (int)Math.Ceiling(40.0 * bin.Examples / most))}\n");
        text.Append(report.Cues.Count == 0 ? "   no cue was put into a prompt\n" : "   cues put into prompts:\n");
        foreach (var (sentence, count) in report.Cues) text.Append(CultureInfo.InvariantCulture, $"   {count,6} × {sentence}\n");
        text.Append(CultureInfo.InvariantCulture, $"   {report.Tokens} tokens, {report.SupervisedShare:P0} learnt, longest {report.LongestTokens}");
        return text.ToString();
    }
}
