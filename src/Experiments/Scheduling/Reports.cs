using System.Globalization;
using AlpacaCot.Specs;

namespace AlpacaCot.Experiments.Scheduling;

/// <summary>
/// What slots report about members and trials. The fence has been checked before; here only double reports and unknown names are left.
/// </summary>
internal static class Reports
{
    public static Verdict Progress(Transition turn, PackState pack, ProgressReported progress)
    {
        if (MemberOf(turn, pack, progress.Training) is not { } member) return Verdict.Unknown;
        // After a resume, the steps since the checkpoint come again with the same numbers: watchers have seen them.
        if (member.Status != TrialStatus.Pending || member.Loss is not null && progress.Step <= member.Step) return Verdict.Accepted;
        (member.Step, member.Loss) = (progress.Step, progress.Loss);
        var name = turn.State.Grid.Trainings[progress.Training].Name;
        turn.Emit(
            SweepEventKind.Progress, string.Create(CultureInfo.InvariantCulture, $"{name}: step {progress.Step}, loss {progress.Loss:0.0000}"), pack,
            e => e with
        {
            Training = name, Step = progress.Step, Loss = progress.Loss, TokensPerSecond = progress.TokensPerSecond,
        });
        return Verdict.Accepted;
    }

    public static Verdict Checkpoint(Transition turn, PackState pack, CheckpointReported checkpoint)
    {
        if (pack.Checkpoint is { } last && checkpoint.Step <= last.Step) return Verdict.Duplicate;
        pack.Checkpoint = new CheckpointReference(checkpoint.Uri, checkpoint.Step, checkpoint.Sha256);
        pack.Progressed = true;
        turn.State.Touch(pack);
        turn.Emit(
            SweepEventKind.Checkpoint, string.Create(CultureInfo.InvariantCulture, $"{pack.Name} has a checkpoint at step {checkpoint.Step}"),
            pack, e => e with { Step = checkpoint.Step });
        return Verdict.Accepted;
    }

    public static Verdict Trained(Transition turn, PackState pack, MemberTrained trained)
    {
        if (MemberOf(turn, pack, trained.Training) is not { } member) return Verdict.Unknown;
        if (member.Status != TrialStatus.Pending) return Verdict.Duplicate;
        Accept(turn, pack, member, trained.Adapter with { Fence = trained.Fence });
        return Verdict.Accepted;
    }

    private static void Accept(Transition turn, PackState pack, MemberState member, TrainedAdapter adapter)
    {
        member.Status = TrialStatus.Succeeded;
        member.Adapter = adapter;
        (member.Step, member.Loss) = (adapter.Steps, adapter.FinalLoss);
        pack.Progressed = true;
        turn.State.Touch(pack);
        var name = turn.State.Grid.Trainings[member.Training!.Value].Name;
        turn.Emit(
            SweepEventKind.MemberTrained,
            string.Create(CultureInfo.InvariantCulture, $"{name} is trained: {adapter.Steps} steps, loss {adapter.FinalLoss:0.0000}"), pack,
            e => e with
        {
            Training = name, Step = adapter.Steps, Loss = adapter.FinalLoss,
        });
        foreach (var trial in member.Trials)
        {
            EndWhereSettled(turn, pack, member, trial);
            turn.State.SetReady(pack, member, trial);
        }
    }

    public static Verdict MemberFailed(Transition turn, PackState pack, MemberFailed failed)
    {
        if (MemberOf(turn, pack, failed.Training) is not { } member) return Verdict.Unknown;
        if (member.Status != TrialStatus.Pending) return Verdict.Duplicate;
        var name = turn.State.Grid.Trainings[failed.Training].Name;
        turn.Emit(SweepEventKind.MemberFailed, $"{name} has failed ({failed.Kind}): {failed.Message}", pack, e => e with { Training = name });
        Attempts.FailMember(turn, pack, member, failed.Kind, failed.Message);
        pack.Progressed = true;
        return Verdict.Accepted;
    }

    public static Verdict Result(Transition turn, EvaluationState evaluation, ResultReported report)
    {
        if (TrialOf(turn, evaluation, report.Trial, report.Result.Evaluation) is not var (member, trial)) return Verdict.Unknown;
        if (!trial.Lacks(report.Result.Evaluation)) return Verdict.Duplicate;
        evaluation.Progressed = true;
        Accept(turn, evaluation, member, trial, report.Result with { Fence = report.Fence });
        return Verdict.Accepted;
    }

    private static void Accept(Transition turn, WorkState work, MemberState member, TrialState trial, EvaluationResult result)
    {
        trial.Results.Add(result);
        turn.State.Touch(work);
        var name = turn.State.Grid.Trials[trial.Trial].Name;
        var metrics = result.Metrics.ToDictionary(m => $"{result.Evaluation}/{m.Key}", m => m.Value, StringComparer.Ordinal);
        var words = string.Join(", ", metrics.Select(m => string.Create(CultureInfo.InvariantCulture, $"{m.Key} {m.Value:0.####}")));
        turn.Emit(SweepEventKind.Result, $"{name}: {words}", work, e => e with { Trial = name, Metrics = metrics });
        EndWhereSettled(turn, work, member, trial);
    }

    public static Verdict EvaluationFailed(Transition turn, EvaluationState evaluation, EvaluationFailed failed)
    {
        if (TrialOf(turn, evaluation, failed.Trial, failed.Evaluation) is not var (_, trial)) return Verdict.Unknown;
        if (!trial.Lacks(failed.Evaluation)) return Verdict.Duplicate;
        evaluation.Progressed = true;
        FailEvaluation(turn, evaluation, trial, new EvaluationFailure(failed.Evaluation, failed.Kind, failed.Message));
        return Verdict.Accepted;
    }

    /// <summary>One evaluation of a trial has failed: its others stand or go on.</summary>
    public static void FailEvaluation(Transition turn, WorkState work, TrialState trial, EvaluationFailure failure)
    {
        trial.Failures.Add(failure);
        turn.State.Touch(work);
        var name = turn.State.Grid.Trials[trial.Trial].Name;
        turn.Emit(SweepEventKind.EvaluationFailed, $"{name}: {failure.Evaluation} has failed ({failure.Kind}): {failure.Message}", work, e => e with { Trial = name });
        EndWhereSettled(turn, work, turn.State.Find(trial.Trial).Member, trial);
    }

    /// <summary>A trial ends when it is trained and each evaluation has a result or a failure.</summary>
    private static void EndWhereSettled(Transition turn, WorkState work, MemberState member, TrialState trial)
    {
        if (trial.Status != TrialStatus.Pending || member.Status != TrialStatus.Succeeded || turn.State.Spec.Evaluation.Any(e => trial.Lacks(e.Name))) return;
        if (trial.Failures.Count > 0)
        {
            Attempts.FailTrial(turn, work, trial, trial.Failures[0].Kind, string.Join("; ", trial.Failures.Select(f => $"{f.Evaluation}: {f.Message}")));
            return;
        }
        trial.Status = TrialStatus.Succeeded;
        turn.State.Ended++;
        turn.State.Touch(work);
        var name = turn.State.Grid.Trials[trial.Trial].Name;
        turn.Emit(SweepEventKind.TrialSucceeded, $"{name} is done", work, e => e with { Trial = name });
    }

    public static Verdict Adapter(Transition turn, AdapterFromCache cached)
    {
        if (cached.Training < 0 || cached.Training >= turn.State.Grid.Trainings.Count) return Verdict.Unknown;
        var (pack, member) = turn.State.FindTraining(cached.Training);
        // Once a slot has had the pack its composition is kept, or its numbers would not be those of an undisturbed run.
        if (pack.Status != PackStatus.Pending || pack.Fence > 0 || member.Status != TrialStatus.Pending) return Verdict.Duplicate;
        member.Apart = true;
        Accept(turn, pack, member, cached.Adapter with { Fence = 0 });
        if (!turn.State.HasEnded(pack)) return Verdict.Accepted;
        turn.State.Packing.Remove(pack);
        Attempts.End(turn, pack);
        return Verdict.Accepted;
    }

    public static Verdict Result(Transition turn, ResultFromCache cached)
    {
        if (cached.Trial < 0 || cached.Trial >= turn.State.Grid.Trials.Count || !IsAsked(turn, cached.Result.Evaluation)) return Verdict.Unknown;
        var (pack, member, trial) = turn.State.Find(cached.Trial);
        // What a slot has been given it answers itself.
        if (!trial.Lacks(cached.Result.Evaluation) || pack.Active || turn.State.IsHeld(pack, trial)) return Verdict.Duplicate;
        Accept(turn, pack, member, trial, cached.Result with { Fence = 0 });
        turn.State.SetReady(pack, member, trial);
        return Verdict.Accepted;
    }

    private static bool IsAsked(Transition turn, string evaluation) => turn.State.Spec.Evaluation.Any(e => e.Name == evaluation);

    private static MemberState? MemberOf(Transition turn, PackState pack, int training)
    {
        if (training < 0 || training >= turn.State.Grid.Trainings.Count) return null;
        var (of, member) = turn.State.FindTraining(training);
        return of == pack ? member : null;
    }

    private static (MemberState, TrialState)? TrialOf(Transition turn, EvaluationState evaluation, int trial, string name)
    {
        if (!evaluation.Trials.Contains(trial) || evaluation.Only is { } only && only != name || !IsAsked(turn, name)) return null;
        var (_, member, state) = turn.State.Find(trial);
        return (member, state);
    }
}
