using AlpacaCot.Experiments.Expansion;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Facts;
using AlpacaCot.Specs.Methods;

namespace AlpacaCot.Experiments.Planning;

/// <summary>Groups trainings into packs. The same spec, limits and facts give the same packs.</summary>
public static class PackPlanner
{
    /// <summary>
    /// Packs of trainings that share base, load, tokenizer, cutoff and precision (the last two are a sweep's own), in an order that puts trainings on
    /// the same data together, since they have
    /// the same number of steps. One that trains the base's own weights is a pack of its own. Facts, where there are some, give the rows' mean length; otherwise every row counts as <c>cutoff_len</c> tokens.
    /// </summary>
    public static IReadOnlyList<Pack> Plan(SweepSpec spec, Grid grid, PlanLimits limits, SpecFacts? facts = null)
    {
        var kernel = KernelOf(spec, limits);
        var models = spec.Models.ToDictionary(m => m.Name, StringComparer.Ordinal);
        var dataOrder = spec.Data.Select((d, i) => (d.Name, i)).ToDictionary(d => d.Name, d => d.i, StringComparer.Ordinal);
        var alone = spec.Peft.Where(peft => MethodCatalogue.Find(peft.Method) is { TrainsBase: true }).Select(peft => peft.Name).ToHashSet(StringComparer.Ordinal);
        var fairShare = Math.Clamp((grid.Trainings.Count + limits.Slots - 1) / Math.Max(1, limits.Slots), 1, limits.MaxMembers);
        var packs = new List<Pack>();
        var bases = grid.Trainings.GroupBy(t => (models[t.Model].Reference, models[t.Model].Revision, spec.LoadOf(models[t.Model])));
        foreach (var sharing in bases)
        {
            var ordered = sharing.OrderBy(t => dataOrder[t.Data]).ThenBy(t => t.Index).ToLookup(t => alone.Contains(t.Peft));
            foreach (var training in ordered[true]) packs.Add(new Pack(packs.Count, training.Model, [training.Index], kernel));
            var trainings = ordered[false].ToList();
            if (trainings.Count == 0) continue;
            // Full packs and a small last one would leave a slot idle at the end: spread evenly instead.
            var count = (trainings.Count + fairShare - 1) / fairShare;
            var most = (trainings.Count + count - 1) / count;
            var members = new List<TrainingRun>();
            long tokens = 0;
            var trials = 0;
            foreach (var training in trainings)
            {
                var own = TokensPerStep(spec, training, facts);
                if (members.Count > 0 && (members.Count == most || tokens + own > limits.TokensPerStep || trials + training.Trials.Count > limits.MaxTrials)) Close();
                members.Add(training);
                tokens += own;
                trials += training.Trials.Count;
            }
            Close();

            void Close()
            {
                packs.Add(new Pack(packs.Count, members[0].Model, [.. members.Select(m => m.Index)], kernel));
                members.Clear();
                (tokens, trials) = (0, 0);
            }
        }
        return packs;
    }

    /// <summary>How a sweep's work is cut.</summary>
    public static KernelSettings KernelOf(SweepSpec spec, PlanLimits limits)
        => new(limits.Threads, spec.Training.MicroBatchTokens ?? Math.Max(limits.MicroBatchTokens, spec.Training.CutoffLen));

    private static long TokensPerStep(SweepSpec spec, TrainingRun training, SpecFacts? facts)
    {
        var mix = facts?.Mixes.FirstOrDefault(m => m.Model == training.Model && m.Data == training.Data && m.Kept > 0);
        var row = mix is null ? spec.Training.CutoffLen : Math.Min(spec.Training.CutoffLen, mix.Tokens / mix.Kept + 1);
        return row * spec.Training.BatchSize;
    }
}
