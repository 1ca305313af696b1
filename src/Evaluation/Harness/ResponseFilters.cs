using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace AlpacaCot.Evaluation;

/// <summary>
/// lm-eval's filters: a pipeline turns each question's list of responses into what is scored. A step is an object
/// <c>{"function": name, …arguments}</c>.
/// </summary>
public static class ResponseFilters
{
    private delegate List<string> Step(List<string> responses, JsonNode? doc);

    private static readonly Dictionary<string, Func<JsonObject, Step>> Functions = new(StringComparer.Ordinal)
    {
        ["take_first"] = _ => (responses, _) => responses[..1],
        ["take_first_k"] = a => TakeFirst(a["k"]?.GetValue<int>() ?? throw Missing("take_first_k", "k")),
        ["majority_vote"] = _ => (responses, _) => [responses.GroupBy(r => r).MaxBy(g => g.Count())!.Key],
        ["lowercase"] = _ => Each(text => text.ToLower(CultureInfo.InvariantCulture)),
        ["uppercase"] = _ => Each(text => text.ToUpper(CultureInfo.InvariantCulture)),
        ["remove_whitespace"] = _ => Each(text => PythonText.Trim(text)),
        ["map"] = Map,
        ["regex"] = RegexFilter,
        ["multi_choice_regex"] = MultiChoiceRegex.Create,
    };

    /// <summary>The functions that are known.</summary>
    public static IReadOnlyCollection<string> Known => Functions.Keys;

    /// <summary>Applies a pipeline to one question's responses.</summary>
    /// <param name="pipeline">The steps in order.</param>
    /// <param name="responses">The question's responses; at least one.</param>
    /// <param name="doc">The question's row (<c>multi_choice_regex</c> reads its <c>choices</c>).</param>
    /// <exception cref="EvaluationException">A function is unknown or an argument is missing.</exception>
    public static IReadOnlyList<string> Apply(JsonArray pipeline, IReadOnlyList<string> responses, JsonNode? doc = null)
    {
        var current = responses.ToList();
        foreach (var node in pipeline)
        {
            var step = node as JsonObject ?? throw new EvaluationException($"filter step {node?.ToJsonString()} is no object");
            var name = step["function"]?.GetValue<string>() ?? throw Missing("a filter step", "function");
            if (!Functions.TryGetValue(name, out var create))
                throw new EvaluationException($"unknown filter function '{name}'; known are {string.Join(", ", Functions.Keys)}");
            current = create(step)(current, doc);
        }
        return current;
    }

    internal const string Invalid = "[invalid]";

    internal static EvaluationException Missing(string what, string key) => new($"{what} needs '{key}'");

    /// <summary>
    /// <c>re.findall</c>, then element <paramref name="select"/> (negative from the end) and of several groups the first non-empty one; null without a match.
    /// </summary>
    internal static string? Find(Regex regex, string text, int select)
    {
        var matches = regex.Matches(text);
        if (matches.Count == 0) return null;
        var index = select < 0 ? matches.Count + select : select;
        if (index < 0 || index >= matches.Count) return null;
        var match = matches[index];
        if (match.Groups.Count == 1) return PythonText.Trim(match.Value);
        if (match.Groups.Count == 2) return PythonText.Trim(match.Groups[1].Value);
        for (var g = 1; g < match.Groups.Count; g++)
            if (match.Groups[g].Length > 0) return PythonText.Trim(match.Groups[g].Value);
        return null;
    }

    private static Step Each(Func<string, string> map) => (responses, _) => [.. responses.Select(map)];

    private static Step TakeFirst(int k) => (responses, _) => responses[..Math.Min(k, responses.Count)];

    private static Step Map(JsonObject arguments)
    {
        var mapping = arguments["mapping_dict"] as JsonObject ?? throw Missing("map", "mapping_dict");
        var otherwise = arguments["default_value"] is { } node && node.GetValueKind() == JsonValueKind.String ? node.GetValue<string>() : "";
        return Each(text => mapping.TryGetPropertyValue(text, out var value) && value is not null ? value.GetValue<string>() : otherwise);
    }

    private static Step RegexFilter(JsonObject arguments)
    {
        var regex = new Regex(arguments["regex_pattern"]?.GetValue<string>() ?? @"#### (\-?[0-9\.\,]+)", RegexOptions.CultureInvariant);
        var select = arguments["group_select"]?.GetValue<int>() ?? 0;
        var fallback = arguments["fallback"]?.GetValue<string>() ?? Invalid;
        return Each(text => Find(regex, text, select) ?? fallback);
    }

    /// <summary>Looks for the pattern, then for a choice's text, then for a bare letter after a colon; the result is the choice's letter in brackets.</summary>
    private static class MultiChoiceRegex
    {
        public static Step Create(JsonObject arguments)
        {
            var regex = new Regex(arguments["regex_pattern"]?.GetValue<string>() ?? @"#### (\-?[0-9\.\,]+)", RegexOptions.CultureInvariant);
            var select = arguments["group_select"]?.GetValue<int>() ?? 0;
            var fallback = arguments["fallback"]?.GetValue<string>() ?? Invalid;
            string Normalise(string text)
            {
                foreach (var pattern in arguments["regexes_to_ignore"] as JsonArray ?? [])
                    text = Regex.Replace(text, pattern!.GetValue<string>(), "", RegexOptions.CultureInvariant);
                if (arguments["ignore_case"]?.GetValue<bool>() == true) text = text.ToLower(CultureInfo.InvariantCulture);
                if (arguments["ignore_punctuation"]?.GetValue<bool>() == true) text = string.Concat(text.Where(c => !char.IsPunctuation(c)));
                return text;
            }
            return (responses, doc) =>
            {
                var choices = (doc?["choices"] as JsonArray ?? throw Missing("multi_choice_regex", "choices"))
                    .Select(c => Normalise(PythonText.Trim(c!.GetValue<string>()))).ToList();
                var letters = string.Join('|', choices.Select((_, i) => (char)('A' + i)));
                var byText = new Regex(string.Join('|', choices.Select(Regex.Escape)), RegexOptions.CultureInvariant);
                var byLetter = new Regex($@":[\s]*({letters})", RegexOptions.CultureInvariant);
                return [.. responses.Select(response =>
                {
                    if (Find(regex, response, select) is { Length: > 0 } direct) return direct;
                    // The last of equal texts names the letter, as a Python dictionary keeps it.
                    if (Find(byText, Normalise(response), select) is { Length: > 0 } text)
                        return choices.LastIndexOf(text) is var i and >= 0 ? $"({(char)('A' + i)})" : text;
                    return Find(byLetter, response, select) is { Length: > 0 } letter ? $"({letter})" : fallback;
                })];
            };
        }
    }
}
