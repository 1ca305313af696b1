using System.Globalization;
using System.Text.Json.Nodes;

namespace AlpacaCot.Specs;

/// <summary>A setting of one schedule or one optimiser, declared once: it is read, judged, written and explained by this. A flag is kept as 0 or 1, a word as its place among <see cref="Choices"/>.</summary>
/// <param name="Name">The name that transformers gives it.</param>
/// <param name="Default">What is taken where it is left out; null where that follows from other settings.</param>
/// <param name="Meaning">One sentence.</param>
public sealed record TrainingArgument(string Name, double? Default, string Meaning)
{
    /// <summary>Smallest value.</summary>
    public double Min { get; init; }

    /// <summary>Largest value.</summary>
    public double Max { get; init; } = 1e9;

    /// <summary>Whether it is <c>true</c> or <c>false</c>.</summary>
    public bool Flag { get; init; }

    /// <summary>The words that it takes, where it takes words.</summary>
    public IReadOnlyList<string> Choices { get; init; } = [];

    /// <summary>Whether a value is one that it can have.</summary>
    public bool Allows(double value) => Flag ? value is 0 or 1 : Choices.Count > 0 ? value >= 0 && value < Choices.Count && value == Math.Floor(value) : value >= Min && value <= Max;

    /// <summary>A value as a user writes it.</summary>
    public JsonNode Write(double value) => Flag ? value != 0 : Choices.Count > 0 ? Choices[(int)value] : value;

    /// <summary>What a value may be, in words.</summary>
    public string Limits => Flag ? "true or false" : Choices.Count > 0 ? string.Join(", ", Choices) : string.Create(CultureInfo.InvariantCulture, $"from {Min} to {Max}");
}
