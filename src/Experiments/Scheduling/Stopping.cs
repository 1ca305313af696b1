namespace AlpacaCot.Experiments;

/// <summary>How a sweep ends and goes on.</summary>
internal static class Stopping
{
    public static Verdict Cancel(Turn turn, CancelRequested cancel)
    {
        var state = turn.State;
        if (state.Header.Status != SweepStatus.Running) return Verdict.Duplicate;
        foreach (var pack in state.Packs.Where(p => p.Active || p.Status == PackStatus.Pending).OrderBy(p => p.Index).ToList())
        {
            if (pack.Active) turn.Stop(pack, cancel.Reason);
            state.Queue.Remove(pack);
            Attempts.FailAll(turn, pack, FailureKind.Cancelled, cancel.Reason);
        }
        state.Header.Status = SweepStatus.Cancelled;
        state.Header.CancelReason = cancel.Reason;
        state.Header.EndedAt = turn.Now;
        state.TouchHeader();
        turn.Tell(SweepEventKind.Cancelled, "the sweep was stopped: " + cancel.Reason);
        turn.Complete();
        return Verdict.Accepted;
    }

    public static Verdict Resume(Turn turn, ResumeRequested resume)
    {
        var state = turn.State;
        var again = 0;
        foreach (var pack in state.Packs.Where(p => !p.Active && p.Status is not (PackStatus.Pending or PackStatus.Split)).OrderBy(p => p.Index).ToList())
        {
            var before = again;
            foreach (var member in pack.Members)
            {
                foreach (var trial in member.Trials.Where(t => Again(t.Status)))
                {
                    (trial.Status, trial.Failure) = (TrialStatus.Pending, null);
                    again++;
                    state.Ended--;
                }
                if (!Again(member.Status)) continue;
                // The others went on without a member that failed: their checkpoint does not hold it.
                if (member.Status == TrialStatus.Failed) pack.Checkpoint = null;
                member.Status = TrialStatus.Pending;
            }
            if (again == before) continue;
            (pack.Status, pack.Strikes, pack.OutOfMemoryEnds, pack.NotBefore) = (PackStatus.Pending, 0, 0, default);
            state.Touch(pack);
            state.Queue.Add(pack);
        }
        if (again == 0) return Verdict.Duplicate;
        (state.Header.Status, state.Header.CancelReason, state.Header.EndedAt) = (SweepStatus.Running, null, null);
        state.TouchHeader();
        turn.Tell(SweepEventKind.Resumed, $"{again} trials go on");
        return Verdict.Accepted;

        bool Again(TrialStatus status) => status == TrialStatus.Cancelled || status == TrialStatus.Failed && resume.RetryFailed;
    }

    public static void CompleteWhereEnded(Turn turn)
    {
        var state = turn.State;
        if (state.Header.Status != SweepStatus.Running || state.Ended < state.Grid.Trials.Count || state.Active.Count > 0) return;
        state.Header.Status = SweepStatus.Completed;
        state.Header.EndedAt = turn.Now;
        state.TouchHeader();
        var failed = state.Packs.SelectMany(p => p.Members).SelectMany(m => m.Trials).Count(t => t.Status == TrialStatus.Failed);
        turn.Tell(
            SweepEventKind.Completed,
            failed == 0 ? $"all {state.Ended} trials are done" : $"{state.Ended - failed} trials are done, {failed} have failed");
        turn.Complete();
    }
}
