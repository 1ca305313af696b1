using AlpacaCot.Specs;
using AlpacaCot.Specs.Schedules;

namespace AlpacaCot.Training;

/// <summary>
/// Learning rate schedules: the factor on the peak rate at optimiser step t, from 0, with w warm-up and n total steps. Names and formulas are
/// those of transformers' <c>get_scheduler</c>; during warm-up every one of them but <c>constant</c> gives t / w, so the first step has rate 0.
/// </summary>
public static class Schedules
{
    private delegate double Factor(double t, double w, double n, double rate, Func<string, double?> argument);

    private static readonly Dictionary<string, Factor> All = new(StringComparer.Ordinal)
    {
        ["constant_with_warmup"] = (_, _, _, _, _) => 1,
        ["linear"] = (t, w, n, _, _) => Math.Max(0, (n - t) / Math.Max(1, n - w)),
        ["cosine"] = (t, w, n, _, argument)
            => Math.Max(0, 0.5 * (1 + Math.Cos(Math.PI * argument("num_cycles")!.Value * 2 * Progress(t, w, n)))),
        ["cosine_with_restarts"] = (t, w, n, _, argument)
            => Progress(t, w, n) >= 1 ? 0 : Math.Max(0, 0.5 * (1 + Math.Cos(Math.PI * (argument("num_cycles")!.Value * Progress(t, w, n) % 1)))),
        ["polynomial"] = (t, w, n, rate, argument) =>
        {
            var end = argument("lr_end")!.Value;
            return t > n ? end / rate : ((rate - end) * Math.Pow(1 - (t - w) / (n - w), argument("power")!.Value) + end) / rate;
        },
        ["inverse_sqrt"] = (t, w, _, _, argument) =>
        {
            var timescale = argument("timescale") ?? (w > 0 ? w : 10_000);
            return 1 / Math.Sqrt((t + timescale - w) / timescale);
        },
    };

    /// <summary>The names.</summary>
    public static IReadOnlyList<string> Known { get; } = [TrainingSpec.Constant, .. All.Keys];

    /// <summary>The learning rate of a step.</summary>
    /// <param name="settings">The schedule's name, its arguments and the peak rate.</param>
    /// <param name="step">Number of the optimiser step, from 0.</param>
    /// <param name="warmupSteps">Steps that warm up.</param>
    /// <param name="totalSteps">Steps in all.</param>
    /// <exception cref="TrainingException">The name is unknown.</exception>
    public static double LearningRate(TrainingSpec settings, int step, int warmupSteps, int totalSteps)
    {
        var rate = settings.LearningRate ?? throw new TrainingException("learning_rate is missing");
        if (rate == 0) return 0;
        if (settings.Schedule == TrainingSpec.Constant) return rate;
        if (!All.TryGetValue(settings.Schedule, out var factor))
            throw new TrainingException($"schedule '{settings.Schedule}' is unknown; known: {string.Join(", ", Known)}");
        if (step < warmupSteps) return rate * ((double)step / Math.Max(1, warmupSteps));
        return rate * factor(step, warmupSteps, totalSteps, rate, name => settings.ScheduleArguments.TryGetValue(name, out var given) ? given : ScheduleCatalogue.DefaultOf(settings.Schedule, name));
    }

    private static double Progress(double t, double w, double n) => (t - w) / Math.Max(1, n - w);
}
