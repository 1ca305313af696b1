namespace AlpacaCot.Specs;

/// <summary>A value of the axis <c>cot</c>: how the model is asked.</summary>
public sealed record CotSpec
{
    /// <summary>The stable name in tables and paths.</summary>
    public required string Name { get; init; }

    /// <summary>The sentence appended to each instruction when asking (the study's CoT*); null asks as it is.</summary>
    public string? Cue { get; init; }

    /// <summary>The language of the prompt around an instruction (<c>en</c>, <c>zh</c>); null asks through the template that trained the model.</summary>
    public string? Language { get; init; }

    /// <summary>Where this value takes part; null is everywhere.</summary>
    public AxisMatch? When { get; init; }
}
