using System.Text.Json;
using System.Text.Json.Serialization;
using AlpacaCot.Experiments.Aggregation;

namespace AlpacaCot.Experiments.Reporting;

/// <summary>Writes a report in the forms that people and programs read. Every text is complete in itself.</summary>
public static class ReportWriter
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    /// <summary>Markdown with tables.</summary>
    public static string Markdown(SweepReport report) => MarkdownReport.Write(report);

    /// <summary>One HTML file with its pictures inside: no scripts, nothing loaded from elsewhere, light and dark.</summary>
    /// <param name="report">The report.</param>
    /// <param name="folder">The folder that it is written to, for links to what lies there; null where it goes nowhere, and has none.</param>
    public static string Html(SweepReport report, string? folder = null) => HtmlReport.Write(report, folder);

    /// <summary>
    /// JSON: <c>name</c>, <c>status</c>, <c>trials</c> (<c>name</c>, <c>state</c>, <c>metrics</c>, …), <c>aggregates</c> (one entry per metric),
    /// <c>accounting</c>, <c>notes</c>, <c>curves</c>.
    /// </summary>
    public static string Json(SweepReport report) => JsonSerializer.Serialize(report, Options);
}
