using AlpacaCot.Specs;
using AlpacaCot.Specs.Schedules;

namespace AlpacaCot.Training;

/// <summary>
/// Learning rate schedules: the factor on the peak rate at optimiser step t, from 0, with w warm-up and n total steps. Names and formulas are
/// those of transformers' <c>get_scheduler</c>; during warm-up most of them give t / w, so that the first step has rate 0.
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
        ["cosine_with_min_lr"] = (t, w, n, rate, argument) => ToLast(0.5 * (1 + Math.Cos(Math.PI * argument("num_cycles")!.Value * 2 * Progress(t, w, n))), LastShare(rate, argument)),
        // Half a step further on than the others, as the reference has it.
        ["cosine_warmup_with_min_lr"] = (t, w, n, rate, argument)
            => ToLast(0.5 * (1 + Math.Cos(Math.PI * argument("num_cycles")!.Value * 2 * ((t - w + 1) / Math.Max(1, n - w)))), LastShare(rate, argument)),
        ["warmup_stable_decay"] = (t, w, n, _, argument) =>
        {
            var decay = DecaySteps(n, argument);
            var stable = argument("num_stable_steps") ?? n - w - decay;
            var progress = (t - w - stable) / Math.Max(1, decay);
            return t < w + stable ? 1 : t >= w + stable + decay ? argument("min_lr_ratio")!.Value : ToLast(Decline((int)argument("decay_type")!.Value, progress, argument("num_cycles")!.Value), argument("min_lr_ratio")!.Value);
        },
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
        double? Argument(string name) => settings.ScheduleArguments.TryGetValue(name, out var given) ? given : ScheduleCatalogue.DefaultOf(settings.Schedule, name);
        return rate * (step < warmupSteps ? WarmUp(settings.Schedule, step, warmupSteps, Argument) : factor(step, warmupSteps, totalSteps, rate, Argument));
    }

    private static double WarmUp(string schedule, double t, double w, Func<string, double?> argument) => schedule switch
    {
        "cosine_warmup_with_min_lr" => argument("warmup_lr_rate") is { } first ? first + (1 - first) * t / Math.Max(1, w - 1) : (t + 1) / w,
        "warmup_stable_decay" => ToLast(Rise((int)argument("warmup_type")!.Value, t / w), argument("min_lr_ratio")!.Value),
        _ => t / w,
    };

    // From 1 to 0 becomes from 1 to the last rate's share of the peak.
    private static double ToLast(double factor, double last) => Math.Max(0, factor * (1 - last) + last);

    private static double LastShare(double rate, Func<string, double?> argument) => argument("min_lr_rate") ?? (argument("min_lr") is { } last ? last / rate
        : throw new TrainingException("schedule_arguments: min_lr or min_lr_rate is missing"));

    // A tenth: what the schedule's authors found to be enough (Hu et al. 2024, arXiv:2404.06395).
    private static double DecaySteps(double n, Func<string, double?> argument) => argument("num_decay_steps") ?? Math.Ceiling(n / 10);

    // By their place in ScheduleCatalogue.Shapes.
    private static double Rise(int shape, double progress) => shape switch { 0 => progress, 1 => 0.5 * (1 - Math.Cos(Math.PI * progress)), _ => 1 - Math.Sqrt(1 - progress) };

    private static double Decline(int shape, double progress, double cycles) => shape switch { 0 => 1 - progress, 1 => 0.5 * (1 + Math.Cos(Math.PI * cycles * 2 * progress)), _ => 1 - Math.Sqrt(progress) };

    private static double Progress(double t, double w, double n) => (t - w) / Math.Max(1, n - w);
}
