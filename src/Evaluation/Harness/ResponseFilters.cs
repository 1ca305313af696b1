using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using AlpacaCot.Evaluation.Python;
using AlpacaCot.Specs.Suites;

namespace AlpacaCot.Evaluation.Harness;

/// <summary>
/// lm-eval's filters: a pipeline turns each question's list of responses into what is scored. A step names its
/// filter and its arguments.
/// </summary>
public sealed class ResponseFilters
{
    private delegate List<string> Step(List<string> responses, JsonNode? doc);

    private static readonly Dictionary<string, Func<FilterStep, Step>> Functions = new(StringComparer.Ordinal)
    {
        ["take_first"] = _ => (responses, _) => responses[..1],
        ["take_first_k"] = TakeFirst,
        ["majority_vote"] = _ => (responses, _) => [responses.GroupBy(r => r).MaxBy(g => g.Count())!.Key],
        ["lowercase"] = _ => Each(text => text.ToLower(CultureInfo.InvariantCulture)),
        ["uppercase"] = _ => Each(text => text.ToUpper(CultureInfo.InvariantCulture)),
        ["remove_whitespace"] = _ => Each(text => PythonText.Trim(text)),
        ["map"] = Map,
        ["regex"] = RegexFilter,
        ["multi_choice_regex"] = MultiChoiceRegex.Create,
    };

    private readonly List<Step> _steps;

    private ResponseFilters(List<Step> steps) => _steps = steps;

    /// <summary>The functions that are known.</summary>
    public static IReadOnlyCollection<string> Known => Functions.Keys;

    /// <summary>Reads a pipeline; all of its functions, arguments and regular expressions are checked here.</summary>
    /// <param name="pipeline">The steps in order.</param>
    /// <exception cref="EvaluationException">A function is unknown, or an argument is missing or wrong.</exception>
    public static ResponseFilters Compile(IReadOnlyList<FilterStep> pipeline) => new([.. pipeline.Select(step => Functions.TryGetValue(step.Function, out var create)
        ? create(step)
        : throw new EvaluationException($"unknown filter function '{step.Function}'; known are {string.Join(", ", Functions.Keys)}"))]);

    /// <summary>Applies the pipeline to one question's responses.</summary>
    /// <param name="responses">The question's responses; at least one.</param>
    /// <param name="doc">The question's row (<c>multi_choice_regex</c> reads its <c>choices</c>).</param>
    /// <exception cref="EvaluationException">The row lacks what a filter reads.</exception>
    public IReadOnlyList<string> Apply(IReadOnlyList<string> responses, JsonNode? doc = null)
    {
        var current = responses.ToList();
        foreach (var step in _steps) current = step(current, doc);
        return current;
    }

    internal const string Invalid = "[invalid]";

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

    private static Step TakeFirst(FilterStep step)
    {
        var k = step.K is >= 1 and var given ? given : throw new EvaluationException($"filter {step.Function}: 'k' is {step.K?.ToString(CultureInfo.InvariantCulture) ?? "missing"}, expected 1 or more");
        return (responses, _) => responses[..Math.Min(k, responses.Count)];
    }

    private static Step Map(FilterStep step)
    {
        var mapping = step.MappingDict ?? throw new EvaluationException($"filter {step.Function}: 'mapping_dict' is missing, expected a mapping of texts to texts");
        var otherwise = step.DefaultValue ?? "";
        return Each(text => mapping.GetValueOrDefault(text, otherwise));
    }

    private static Step RegexFilter(FilterStep step)
    {
        var (regex, select, fallback) = Searched(step);
        return Each(text => Find(regex, text, select) ?? fallback);
    }

    private static (Regex Regex, int Select, string Fallback) Searched(FilterStep step)
        => (Patterns.Compile(step.RegexPattern ?? @"#### (\-?[0-9\.\,]+)"), step.GroupSelect ?? 0, step.Fallback ?? Invalid);

    /// <summary>Looks for the pattern, then for a choice's text, then for a bare letter after a colon; the result is the choice's letter in brackets.</summary>
    private static class MultiChoiceRegex
    {
        public static Step Create(FilterStep step)
        {
            var (regex, select, fallback) = Searched(step);
            var ignored = step.RegexesToIgnore.Select(Patterns.Compile).ToList();
            string Normalise(string text)
            {
                foreach (var pattern in ignored) text = pattern.Replace(text, "");
                if (step.IgnoreCase) text = text.ToLower(CultureInfo.InvariantCulture);
                if (step.IgnorePunctuation) text = string.Concat(text.Where(c => !char.IsPunctuation(c)));
                return text;
            }
            return (responses, doc) =>
            {
                if (doc?["choices"] is not JsonArray { Count: > 0 } given || given.Any(choice => choice?.GetValueKind() != JsonValueKind.String))
                    throw new EvaluationException("filter multi_choice_regex: a row has no 'choices', a list of texts");
                var choices = given.Select(c => Normalise(PythonText.Trim(c!.GetValue<string>()))).ToList();
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
