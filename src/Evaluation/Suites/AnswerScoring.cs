using System.Text.Json.Nodes;
using AlpacaCot.Data;
using AlpacaCot.Evaluation.Python;
using AlpacaCot.Statistics;

namespace AlpacaCot.Evaluation.Suites;

/// <summary>How a generated text becomes the answer that is scored. The rule of reading answers back is the Data room's, which writes them.</summary>
internal static class AnswerScoring
{
    /// <summary>Extracts an answer and brings it into one form.</summary>
    public static string Extract(string extraction, string text) => extraction switch
    {
        "final" => AnswerExtraction.Normalise(AnswerExtraction.FinalAnswer(text)),
        "last_number" => AnswerExtraction.LastNumber(text) ?? "",
        "first_line" => AnswerExtraction.Normalise(FirstLine(text)),
        _ => PythonText.Trim(text),
    };

    /// <summary>A reference as answers are compared with it.</summary>
    /// <exception cref="RowException">Nothing is left of it: an answer that says nothing would equal it.</exception>
    public static string Reference(string extraction, string text)
    {
        if (Extract(extraction, text) is { Length: > 0 } reference) return reference;
        throw new RowException(extraction == "last_number"
            ? $"the answer {RowFields.Quoted(text)} has no number, and extract: last_number compares numbers"
            : $"nothing is left of the answer {RowFields.Quoted(text)} once it is brought into the form that is compared");
    }

    /// <summary>Most pairs of characters that are compared for one answer, some seconds' work: answers and references of 32,768 characters each.</summary>
    private const long MostPairs = 1L << 30;

    /// <summary>Edits between an answer and its reference, and the reference's characters.</summary>
    /// <exception cref="EvaluationException">They are too long to be compared character by character: the time grows with the product of their lengths.</exception>
    public static (int Edits, int Length) Digits(string answer, string reference)
        => answer == reference || (long)answer.Length * reference.Length <= MostPairs
            ? (EditDistance.Characters(answer, reference), EditDistance.Length(reference))
            : throw new EvaluationException(FormattableString.Invariant($"an answer of {answer.Length} characters and a reference of {reference.Length} ({RowFields.Quoted(reference)}) are too long to be compared; extract a shorter part of both, or leave the row out"));

    /// <summary>The character match of one answer, 1 − edits / characters; below 0 for an answer much longer than the reference.</summary>
    public static JsonNode DigitMatch((int Edits, int Length) digits) => JsonValue.Create(1 - (double)digits.Edits / digits.Length);

    private static string FirstLine(string text)
    {
        var trimmed = text.TrimStart();
        var end = trimmed.IndexOf('\n', StringComparison.Ordinal);
        return end < 0 ? trimmed : trimmed[..end];
    }
}
