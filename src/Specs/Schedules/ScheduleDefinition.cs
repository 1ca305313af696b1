namespace AlpacaCot.Specs.Schedules;

/// <summary>How the learning rate goes from its peak to its end.</summary>
/// <param name="Name">transformers' name.</param>
/// <param name="Meaning">One sentence.</param>
/// <param name="Arguments">Its own settings.</param>
public sealed record ScheduleDefinition(string Name, string Meaning, IReadOnlyList<TrainingArgument> Arguments);

/// <summary>The schedules that a sweep may name; their formulas live in the Training room.</summary>
public static class ScheduleCatalogue
{
    /// <summary>The shapes of a warm-up or of a decline, in the order that their values count.</summary>
    public static IReadOnlyList<string> Shapes { get; } = ["linear", "cosine", "1-sqrt"];

    private static readonly TrainingArgument MinRate = new("min_lr", null, "The last rate; it or min_lr_rate must be given"), MinRateShare = new("min_lr_rate", null, "The last rate as a share of the peak") { Max = 1 };

    /// <summary>All schedules.</summary>
    public static IReadOnlyList<ScheduleDefinition> All { get; } =
    [
        new("linear", "Straight down to 0", []),
        new("cosine", "Down to 0 along half a cosine, or along as many as are given", [new("num_cycles", 0.5, "Cosine waves")]),
        new("cosine_with_restarts", "Down to 0 along half a cosine, again and again from the peak", [new("num_cycles", 1, "Restarts")]),
        new("polynomial", "Down along a power of what is left", [new("power", 1, "The power"), new("lr_end", 1e-7, "The last rate")]),
        new("inverse_sqrt", "Down with the inverse square root of the steps", [new("timescale", null, "Steps that it is stretched over; those of the warm-up where it is left out, or 10000 without one")]),
        new("cosine_with_min_lr", "Down along half a cosine to a rate that is not 0", [MinRate, MinRateShare, new("num_cycles", 0.5, "Cosine waves")]),
        new("cosine_warmup_with_min_lr", "The same, with a warm-up that does not start at 0",
            [MinRate, MinRateShare, new("num_cycles", 0.5, "Cosine waves"), new("warmup_lr_rate", null, "The first rate as a share of the peak; one step of the warm-up where it is left out") { Max = 1 }]),
        new("warmup_stable_decay", "The peak for most of the training, then down",
        [
            new("num_decay_steps", null, "Steps of the decline; a tenth of all steps where it is left out"), new("num_stable_steps", null, "Steps at the peak; what warm-up and decline leave where it is left out"),
            new("min_lr_ratio", 0, "The last rate as a share of the peak, which the warm-up starts at too") { Max = 1 }, new("decay_type", 1, "The shape of the decline") { Choices = Shapes },
            new("warmup_type", 0, "The shape of the warm-up") { Choices = Shapes }, new("num_cycles", 0.5, "Cosine waves of a cosine decline"),
        ]),
        new(TrainingSpec.Constant, "The peak throughout, without a warm-up", []),
        new("constant_with_warmup", "The peak after the warm-up", []),
    ];

    /// <summary>The schedule of that name, or null.</summary>
    public static ScheduleDefinition? Find(string name) => All.FirstOrDefault(schedule => schedule.Name == name);

    /// <summary>The default of a schedule's number.</summary>
    public static double? DefaultOf(string schedule, string argument) => All.First(s => s.Name == schedule).Arguments.First(a => a.Name == argument).Default;
}
