namespace AlpacaCot.Specs.Schedules;

/// <summary>A number of a schedule.</summary>
/// <param name="Name">transformers' name.</param>
/// <param name="Default">What is taken where it is left out; null where that follows from the warm-up.</param>
/// <param name="Meaning">One sentence.</param>
public sealed record ScheduleArgument(string Name, double? Default, string Meaning);

/// <summary>How the learning rate goes from its peak to its end.</summary>
/// <param name="Name">transformers' name.</param>
/// <param name="Meaning">One sentence.</param>
/// <param name="Arguments">Its own numbers.</param>
public sealed record ScheduleDefinition(string Name, string Meaning, IReadOnlyList<ScheduleArgument> Arguments);

/// <summary>The schedules that a sweep may name; their formulas live in the Training room.</summary>
public static class ScheduleCatalogue
{
    /// <summary>All schedules.</summary>
    public static IReadOnlyList<ScheduleDefinition> All { get; } =
    [
        new("linear", "Straight down to 0", []),
        new("cosine", "Down to 0 along half a cosine, or along as many as are given", [new("num_cycles", 0.5, "Cosine waves")]),
        new("cosine_with_restarts", "Down to 0 along half a cosine, again and again from the peak", [new("num_cycles", 1, "Restarts")]),
        new("polynomial", "Down along a power of what is left", [new("power", 1, "The power"), new("lr_end", 1e-7, "The last rate")]),
        new("inverse_sqrt", "Down with the inverse square root of the steps", [new("timescale", null, "Steps that it is stretched over; those of the warm-up where it is left out, or 10000 without one")]),
        new(TrainingSpec.Constant, "The peak throughout, without a warm-up", []),
        new("constant_with_warmup", "The peak after the warm-up", []),
    ];

    /// <summary>The default of a schedule's number.</summary>
    public static double? DefaultOf(string schedule, string argument) => All.First(s => s.Name == schedule).Arguments.First(a => a.Name == argument).Default;
}
