namespace AlpacaCot.Experiments.Scheduling;

/// <summary>
/// The rules of a sweep: <c>(state, input, now) → (state', effects)</c>. It reads no clock and does nothing itself. Inputs may be lost, doubled, late
/// or out of order; whatever happens, no trial is
/// accepted twice or under an old fence, and every trial ends unless the sweep is left without slots.
/// </summary>
public static class SweepMachine
{
    /// <summary>Applies one input. The state is changed in place; the effects must be carried out in their order.</summary>
    public static Outcome Apply(SweepState state, SweepInput input, DateTimeOffset now)
    {
        var turn = new Transition(state, now);
        var verdict = input switch
        {
            Drive drive => Leasing.Drive(turn, drive),
            StartAccepted accepted => Leasing.Accepted(turn, accepted),
            StartRefused refused => Leasing.Refused(turn, refused),
            Recovered => Leasing.Recovered(turn),
            SlotLost lost => Leasing.Lost(turn, lost),
            SlotFreed freed => Leasing.Freed(turn, freed),
            SlotReport report => Report(turn, report),
            AdapterFromCache cached => Reports.Adapter(turn, cached),
            ResultFromCache cached => Reports.Result(turn, cached),
            CancelRequested cancel => Stopping.Cancel(turn, cancel),
            ResumeRequested resume => Stopping.Resume(turn, resume),
            _ => throw new ArgumentException($"{input.GetType().Name} is no input of a sweep", nameof(input)),
        };
        Stopping.CompleteWhereEnded(turn);
        return new Outcome(verdict, turn.Effects());
    }

    private static Verdict Report(Transition turn, SlotReport report)
    {
        if (!turn.State.Active.TryGetValue(report.Fence, out var work))
        {
            turn.State.Header.StaleReports++;
            turn.State.TouchHeader();
            return Verdict.Stale;
        }
        // Whatever a slot says under the current fence is a sign of life, and tells that the start went well though its answer may be lost.
        Leasing.Confirm(turn, work);
        var verdict = (report, work) switch
        {
            (LeaseRenewed, _) => Verdict.Accepted,
            (AssignmentDone, _) => Attempts.Done(turn, work),
            (AssignmentFailed failed, _) => Attempts.Failed(turn, work, failed.Kind, failed.Message),
            (ProgressReported progress, PackState pack) => Reports.Progress(turn, pack, progress),
            (CheckpointReported checkpoint, PackState pack) => Reports.Checkpoint(turn, pack, checkpoint),
            (MemberTrained trained, PackState pack) => Reports.Trained(turn, pack, trained),
            (MemberFailed failed, PackState pack) => Reports.MemberFailed(turn, pack, failed),
            (ResultReported result, EvaluationState evaluation) => Reports.Result(turn, evaluation, result),
            (EvaluationFailed failed, EvaluationState evaluation) => Reports.EvaluationFailed(turn, evaluation, failed),
            // Of a training nothing is asked, and an evaluation trains nothing.
            _ => Verdict.Unknown,
        };
        if (verdict == Verdict.Duplicate)
        {
            turn.State.Header.DuplicateReports++;
            turn.State.TouchHeader();
        }
        return verdict;
    }
}
