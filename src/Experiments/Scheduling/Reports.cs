using System.Globalization;

namespace AlpacaCot.Experiments;

/// <summary>
/// What slots report about members and trials. The fence has been checked before; here only double reports and unknown names are left.
/// </summary>
internal static class Reports
{
    public static Verdict Progress(Turn turn, PackState pack, ProgressReported progress)
    {
        if (MemberOf(turn, pack, progress.Training) is not { } member) return Verdict.Unknown;
        // After a resume, the steps since the checkpoint come again with the same numbers: watchers have seen them.
        if (member.Status != TrialStatus.Pending || member.Loss is not null && progress.Step <= member.Step) return Verdict.Accepted;
        (member.Step, member.Loss) = (progress.Step, progress.Loss);
        var name = turn.State.Grid.Trainings[progress.Training].Name;
        turn.Tell(
            SweepEventKind.Progress, string.Create(CultureInfo.InvariantCulture, $"{name}: step {progress.Step}, loss {progress.Loss:0.0000}"), pack,
            e => e with
        {
            Training = name, Step = progress.Step, Loss = progress.Loss, TokensPerSecond = progress.TokensPerSecond,
        });
        return Verdict.Accepted;
    }

    public static Verdict Checkpoint(Turn turn, PackState pack, CheckpointReported checkpoint)
    {
        if (pack.Checkpoint is { } last && checkpoint.Step <= last.Step) return Verdict.Duplicate;
        pack.Checkpoint = new CheckpointRef(checkpoint.Uri, checkpoint.Step, checkpoint.Sha256, checkpoint.Fence);
        pack.Progressed = true;
        turn.State.Touch(pack);
        turn.Tell(
            SweepEventKind.Checkpoint, string.Create(CultureInfo.InvariantCulture, $"pack {pack.Index} has a checkpoint at step {checkpoint.Step}"),
            pack, e => e with { Step = checkpoint.Step });
        return Verdict.Accepted;
    }

    public static Verdict Trained(Turn turn, PackState pack, MemberTrained trained)
    {
        if (MemberOf(turn, pack, trained.Training) is not { } member) return Verdict.Unknown;
        if (member.Status != TrialStatus.Pending) return Verdict.Duplicate;
        Accept(turn, pack, member, trained.Adapter with { Fence = trained.Fence });
        return Verdict.Accepted;
    }

    private static void Accept(Turn turn, PackState pack, MemberState member, TrainedAdapter adapter)
    {
        member.Status = TrialStatus.Succeeded;
        member.Adapter = adapter;
        (member.Step, member.Loss) = (adapter.Steps, adapter.FinalLoss);
        pack.Progressed = true;
        turn.State.Touch(pack);
        var name = turn.State.Grid.Trainings[member.Training].Name;
        turn.Tell(
            SweepEventKind.MemberTrained,
            string.Create(CultureInfo.InvariantCulture, $"{name} is trained: {adapter.Steps} steps, loss {adapter.FinalLoss:0.0000}"), pack,
            e => e with
        {
            Training = name, Step = adapter.Steps, Loss = adapter.FinalLoss,
        });
        foreach (var trial in member.Trials) SucceedWhereComplete(turn, pack, member, trial, adapter.Fence);
    }

    public static Verdict MemberFailed(Turn turn, PackState pack, MemberFailed failed)
    {
        if (MemberOf(turn, pack, failed.Training) is not { } member) return Verdict.Unknown;
        if (member.Status != TrialStatus.Pending) return Verdict.Duplicate;
        var name = turn.State.Grid.Trainings[member.Training].Name;
        turn.Tell(SweepEventKind.MemberFailed, $"{name} has failed ({failed.Kind}): {failed.Message}", pack, e => e with { Training = name });
        Attempts.FailMember(turn, pack, member, failed.Kind, failed.Message);
        pack.Progressed = true;
        return Verdict.Accepted;
    }

    public static Verdict Result(Turn turn, PackState pack, ResultReported report)
    {
        if (TrialOf(turn, pack, report.Trial) is not var (member, trial) || !IsAsked(turn, report.Result)) return Verdict.Unknown;
        if (trial.Status != TrialStatus.Pending || trial.Results.Any(r => r.Evaluation == report.Result.Evaluation)) return Verdict.Duplicate;
        pack.Progressed = true;
        Accept(turn, pack, member, trial, report.Result with { Fence = report.Fence });
        return Verdict.Accepted;
    }

    private static void Accept(Turn turn, PackState pack, MemberState member, TrialState trial, EvaluationResult result)
    {
        trial.Results.Add(result);
        turn.State.Touch(pack);
        var name = turn.State.Grid.Trials[trial.Trial].Name;
        var metrics = result.Metrics.ToDictionary(m => $"{result.Evaluation}/{m.Key}", m => m.Value, StringComparer.Ordinal);
        var words = string.Join(", ", metrics.Select(m => string.Create(CultureInfo.InvariantCulture, $"{m.Key} {m.Value:0.####}")));
        turn.Tell(SweepEventKind.Result, $"{name}: {words}", pack, e => e with { Trial = name, Metrics = metrics });
        SucceedWhereComplete(turn, pack, member, trial, result.Fence);
    }

    private static void SucceedWhereComplete(Turn turn, PackState pack, MemberState member, TrialState trial, long fence)
    {
        if (trial.Status != TrialStatus.Pending || member.Status != TrialStatus.Succeeded || trial.Results.Count < turn.State.Spec.Evaluation.Count)
            return;
        trial.Status = TrialStatus.Succeeded;
        trial.Fence = fence;
        turn.State.Ended++;
        var name = turn.State.Grid.Trials[trial.Trial].Name;
        turn.Tell(SweepEventKind.TrialSucceeded, $"{name} is done", pack, e => e with { Trial = name });
    }

    public static Verdict TrialFailed(Turn turn, PackState pack, TrialFailed failed)
    {
        if (TrialOf(turn, pack, failed.Trial) is not var (_, trial)) return Verdict.Unknown;
        if (trial.Status != TrialStatus.Pending) return Verdict.Duplicate;
        pack.Progressed = true;
        Attempts.FailTrial(turn, pack, trial, failed.Kind, failed.Message);
        return Verdict.Accepted;
    }

    public static Verdict Adapter(Turn turn, AdapterFromCache cached)
    {
        if (cached.Training < 0 || cached.Training >= turn.State.Grid.Trainings.Count) return Verdict.Unknown;
        var (pack, member) = turn.State.FindTraining(cached.Training);
        if (pack.Status != PackStatus.Pending || member.Status != TrialStatus.Pending) return Verdict.Duplicate;
        Accept(turn, pack, member, cached.Adapter with { Fence = 0 });
        EndWhereComplete(turn, pack);
        return Verdict.Accepted;
    }

    public static Verdict Result(Turn turn, ResultFromCache cached)
    {
        if (cached.Trial < 0 || cached.Trial >= turn.State.Grid.Trials.Count || !IsAsked(turn, cached.Result)) return Verdict.Unknown;
        var (pack, member, trial) = turn.State.Find(cached.Trial);
        if (pack.Status != PackStatus.Pending || trial.Status != TrialStatus.Pending || trial.Results.Any(r => r.Evaluation == cached.Result.Evaluation)) return Verdict.Duplicate;
        Accept(turn, pack, member, trial, cached.Result with { Fence = 0 });
        EndWhereComplete(turn, pack);
        return Verdict.Accepted;
    }

    private static void EndWhereComplete(Turn turn, PackState pack)
    {
        if (!pack.Ended) return;
        turn.State.Queue.Remove(pack);
        Attempts.End(turn, pack);
    }

    private static bool IsAsked(Turn turn, EvaluationResult result) => turn.State.Spec.Evaluation.Any(e => e.Name == result.Evaluation);

    private static MemberState? MemberOf(Turn turn, PackState pack, int training)
    {
        if (training < 0 || training >= turn.State.Grid.Trainings.Count) return null;
        var (of, member) = turn.State.FindTraining(training);
        return of == pack ? member : null;
    }

    private static (MemberState, TrialState)? TrialOf(Turn turn, PackState pack, int trial)
    {
        if (trial < 0 || trial >= turn.State.Grid.Trials.Count) return null;
        var (of, member, state) = turn.State.Find(trial);
        return of == pack ? (member, state) : null;
    }
}
