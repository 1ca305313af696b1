using System.Globalization;
using System.Text.Json;

namespace AlpacaCot.Experiments.Aggregation;

/// <summary>Items of a samples file, lm-eval's <c>samples_&lt;suite&gt;_&lt;time&gt;.jsonl</c>: a line an item.</summary>
public static class AnswerSamples
{
    /// <summary>Whether a metric says of an item that it was answered rightly.</summary>
    public static bool TellsRight(string metric) => metric is "exact_match" or "acc";

    /// <summary>What was asked and answered: the text that was written, or of several choices the likeliest.</summary>
    /// <param name="sample">A line of the file.</param>
    public static AnswerSample Read(JsonElement sample)
    {
        var arguments = sample.GetProperty("arguments").EnumerateObject().Select(a => a.Value).ToList();
        var responses = sample.GetProperty("resps").EnumerateArray().Select(r => r[0]).ToList();
        var prompt = arguments[0].GetProperty("arg_0").GetString()!;
        var target = sample.GetProperty("target").GetString()!;
        if (responses[0].ValueKind == JsonValueKind.String)
            return new AnswerSample(prompt, responses[0].GetString()!, sample.GetProperty("filtered_resps")[0] is { ValueKind: JsonValueKind.String } found ? found.GetString()! : "", target);
        string Choice(int index) => index < arguments.Count && arguments[index].TryGetProperty("arg_1", out var text) && text.ValueKind == JsonValueKind.String ? text.GetString()! : "";
        double Likelihood(JsonElement response) => double.Parse(response[0].GetString()!, CultureInfo.InvariantCulture);
        if (responses.Count < 2) return new AnswerSample(prompt, Choice(0), "", target);
        var likeliest = Choice(responses.Select((r, i) => (Likelihood: Likelihood(r), i)).MaxBy(r => r.Likelihood).i);
        return new AnswerSample(prompt, likeliest, likeliest.Trim(), int.TryParse(target, out var gold) && Choice(gold) is { Length: > 0 } text ? text.Trim() : target);
    }
}
