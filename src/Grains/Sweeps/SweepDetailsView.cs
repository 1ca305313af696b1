using AlpacaCot.Experiments.Scheduling;
using AlpacaCot.Grains.Contracts;
using AlpacaCot.Specs;

namespace AlpacaCot.Grains.Sweeps;

/// <summary>What a sweep and its trials are made of, as wire records.</summary>
internal static class SweepDetailsView
{
    /// <summary>The sweep; null where there is none.</summary>
    public static SweepDetails? Of(string key, SweepState? state, SweepStore store, bool driven)
    {
        if (state is null) return null;
        var status = SweepStatusView.Status(key, state, store, new LiveProgress(TimeProvider.System), 0, driven);
        return new SweepDetails
        {
            Name = status.Name, State = status.State, Trials = status.Trials, Report = status.Report, Submitted = state.Origin.CreatedAt,
            Specification = state.Spec, BaseDirectory = store.Submission.BaseDirectory, Directory = store.Submission.Directory,
            Files = [.. FenceFolders.ReferredTo(state)],
        };
    }

    /// <summary>One of its trials; null where there is none of that name.</summary>
    public static TrialDetails? OfTrial(string trial, SweepState? state, SweepStore store, bool driven)
    {
        if (state?.Grid.Trials.FirstOrDefault(t => t.Name == trial) is not { } found) return null;
        var (spec, view) = (state.Spec, state.View(found.Index));
        var model = spec.Models.First(m => m.Name == found.Model);
        var cot = spec.Cot.First(c => c.Name == found.Cot);
        return new TrialDetails
        {
            Trial = SweepStatusView.Trial(view, driven),
            Configuration = TrialSpec.Of(
                spec, model, spec.Peft.FirstOrDefault(p => p.Name == found.Peft), spec.Data.FirstOrDefault(d => d.Name == found.Data), cot, view.Training?.LearningRate, found.Seed),
            Base = model.Reference, BaseDirectory = store.Submission.BaseDirectory, Precision = spec.LoadOf(model), Cue = cot.Cue,
            Adapter = view.Adapter?.Uri, AdapterSha256 = view.Adapter?.Sha256, Steps = view.Step, Loss = view.Loss, Seconds = view.Adapter?.Seconds, Tokens = view.Adapter?.Tokens,
            Slot = view.Slot, Log = TrialLogs.FileOf(store.Submission.Directory, trial),
            SharedWith = [.. (view.Training?.Trials ?? []).Where(other => other != found.Index).Select(other => state.Grid.Trials[other].Name)],
            Results =
            [
                .. view.Results.Select(result => new TrialResult(result.Evaluation, new Dictionary<string, double>(result.Metrics, StringComparer.Ordinal), result.Items, result.Seconds, result.Uri, null)),
                .. view.Failures.Select(failure => new TrialResult(failure.Evaluation, [], 0, 0, null, failure.Message)),
            ],
            TrainingKey = view.Training?.Key, Template = found.Template, TrialKey = found.TrialKey,
        };
    }
}
