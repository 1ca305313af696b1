using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace AlpacaCot.Evaluation.Harness;

/// <summary>Exact match as lm-eval scores it.</summary>
public sealed record ExactMatch
{
    private readonly IReadOnlyList<Regex> _ignored = [];

    /// <summary>Patterns removed from prediction and reference, one after the other, before anything else.</summary>
    /// <exception cref="EvaluationException">One is no regular expression.</exception>
    public IReadOnlyList<string> RegexesToIgnore
    {
        get => [.. _ignored.Select(pattern => pattern.ToString())];
        init => _ignored = [.. value.Select(Patterns.Compile)];
    }

    /// <summary>Compares in lower case.</summary>
    public bool IgnoreCase { get; init; }

    /// <summary>Removes ASCII punctuation.</summary>
    public bool IgnorePunctuation { get; init; }

    /// <summary>Removes ASCII digits.</summary>
    public bool IgnoreNumbers { get; init; }

    /// <summary>1 where the normalised texts are equal, else 0.</summary>
    public double Score(string prediction, string reference)
        => string.Equals(Normalise(prediction), Normalise(reference), StringComparison.Ordinal) ? 1 : 0;

    /// <summary>What is compared of a text.</summary>
    public string Normalise(string text)
    {
        foreach (var pattern in _ignored) text = pattern.Replace(text, "");
        if (IgnoreCase) text = text.ToLower(CultureInfo.InvariantCulture);
        if (!IgnorePunctuation && !IgnoreNumbers) return text;
        var kept = new StringBuilder();
        foreach (var c in text)
            if (!(IgnorePunctuation && c < 128 && (char.IsPunctuation(c) || char.IsSymbol(c))) && !(IgnoreNumbers && char.IsAsciiDigit(c)))
                kept.Append(c);
        return kept.ToString();
    }
}
