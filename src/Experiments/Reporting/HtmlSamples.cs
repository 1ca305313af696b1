using System.Text;
using AlpacaCot.Experiments.Aggregation;

namespace AlpacaCot.Experiments.Reporting;

/// <summary>A right and a wrong answer of every group: the numbers do not say how an answer is wrong.</summary>
internal static class HtmlSamples
{
    private const int MostGroups = 40;
    private const int MostCharacters = 1200;

    public static void Write(StringBuilder page, SweepReport report)
    {
        if (report.Samples.Count == 0) return;
        page.Append("<section><h2>Answers</h2><p class=\"soft\">The first right and the first wrong answer of each group.</p>\n");
        foreach (var evaluation in report.Samples.GroupBy(s => s.Evaluation))
        {
            page.Append($"<h3>{E(evaluation.Key)}</h3>\n");
            foreach (var sample in evaluation.Take(MostGroups))
            {
                page.Append($"<details><summary>{E(sample.Group)}</summary><div class=\"answers\">");
                Answer(page, sample.Right, "good", "right", "No answer is right.");
                Answer(page, sample.Wrong, "bad", "wrong", "No answer is wrong.");
                page.Append($"</div><p class=\"soft\">of {E(sample.Trial)}</p></details>\n");
            }
            if (evaluation.Count() > MostGroups) page.Append($"<p class=\"soft\">{evaluation.Count() - MostGroups} more are in the JSON report.</p>");
        }
        page.Append("</section>\n");
    }

    /// <summary>A text that is not too long to be looked at.</summary>
    public static string Cut(string text) => text.Length <= MostCharacters ? text : text[..(MostCharacters / 2)] + " […] " + text[^(MostCharacters / 2)..];

    private static void Answer(StringBuilder page, AnswerSample? sample, string css, string word, string none)
    {
        if (sample is null) page.Append($"<div><p class=\"soft\">{none}</p></div>");
        else
            page.Append($"<div><p class=\"{css}\">{word}: {E(sample.Extracted.Length > 0 ? Cut(sample.Extracted) : "(no answer found)")}, expected {E(Cut(sample.Target))}</p>")
                .Append($"<pre>{E(Cut(sample.Prompt))}<span class=\"said\">{E(Cut(sample.Response))}</span></pre></div>");
    }

    private static string E(string text) => Svg.Escape(text);
}
