using AlpacaCot.Data.Goat;
using AlpacaCot.Data.Templates;

namespace AlpacaCot.Data.Catalogue;

/// <summary>What a model is taught: sources and how they are mixed. One value of the <c>data</c> axis.</summary>
public sealed record DataSpec
{
    /// <summary>Its name in tables and paths.</summary>
    public string Name { get; init; } = "data";

    /// <summary>Where the rows come from.</summary>
    public required IReadOnlyList<DataSource> Sources { get; init; }

    /// <summary>The name of the prompt template.</summary>
    public string Template { get; init; } = PromptTemplates.Default;

    /// <summary>Which language's variant of a known set (<c>en</c>, <c>zh</c>); null takes the first that is there.</summary>
    public string? Language { get; init; }

    /// <summary>What is taught of rows with a rationale.</summary>
    public RationaleUse Cot { get; init; } = RationaleUse.RationaleThenAnswer;
}

/// <summary>One source of rows: exactly one of <see cref="Set"/>, <see cref="Path"/> and <see cref="Goat"/>.</summary>
public sealed record DataSource
{
    /// <summary>A set that the catalogue knows by name.</summary>
    public string? Set { get; init; }

    /// <summary>A file, or a folder whose data files are read in name order.</summary>
    public string? Path { get; init; }

    /// <summary>The arithmetic generator.</summary>
    public GoatOptions? Goat { get; init; }

    /// <summary>How often each row is taught: 2 twice, 0.5 every other (drawn), 1.5 once and every other once more.</summary>
    public double Weight { get; init; } = 1;

    /// <summary>At most so many rows, drawn from the whole source without replacement; null for all.</summary>
    public int? Limit { get; init; }

    /// <summary>Seed of this source's draws; null for the run's, so that every seed of a sweep sees another sample.</summary>
    public long? Seed { get; init; }

    /// <summary>Overrides <see cref="DataSpec.Language"/>.</summary>
    public string? Language { get; init; }

    /// <summary>Overrides <see cref="DataSpec.Cot"/>.</summary>
    public RationaleUse? Cot { get; init; }

    /// <summary>A thinking cue appended to every instruction of this source, as <see cref="CotCue"/> does when asking.</summary>
    public string? Cue { get; init; }

    /// <summary>What to call it in reports.</summary>
    public string Name => Set ?? (Goat is null ? Path : GoatGenerator.Name) ?? "(no source)";
}
