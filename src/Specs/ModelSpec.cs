namespace AlpacaCot.Specs;

/// <summary>A value of the axis <c>models</c>: a base model. Either <see cref="Path"/> or <see cref="Hub"/> is set.</summary>
public sealed record ModelSpec
{
    /// <summary>The stable name in tables and paths.</summary>
    public required string Name { get; init; }

    /// <summary>A model folder, relative to the sweep file or to the home's <c>models/</c>.</summary>
    public string? Path { get; init; }

    /// <summary>A repository <c>owner/name</c> on the hub.</summary>
    public string? Hub { get; init; }

    /// <summary>The hub's revision; null is its main one.</summary>
    public string? Revision { get; init; }

    /// <summary>How the frozen base is held: one of <see cref="TrainingSpec.Precisions"/>; null follows <see cref="TrainingSpec.Precision"/>.</summary>
    public string? Load { get; init; }

    /// <summary>Where this value takes part; null is everywhere.</summary>
    public AxisMatch? When { get; init; }

    /// <summary>The folder, or what the hub's model is called under the home's <c>models/</c>: its name, with <c>@revision</c> where one is given.</summary>
    public string Reference => Path ?? (Revision is null ? Hub : $"{Hub}@{Revision}") ?? "";
}
