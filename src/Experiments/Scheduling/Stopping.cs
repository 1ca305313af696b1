using System.Globalization;
using AlpacaCot.Specs;

namespace AlpacaCot.Experiments.Scheduling;

/// <summary>How a sweep ends and goes on.</summary>
internal static class Stopping
{
    public static Verdict Cancel(Transition turn, CancelRequested cancel)
    {
        var state = turn.State;
        if (state.Header.Status != SweepStatus.Running) return Verdict.Duplicate;
        foreach (var evaluation in state.Evaluations.OrderBy(e => e.Index).ToList())
        {
            if (evaluation.Active) turn.Stop(evaluation, cancel.Reason);
            state.Evaluating.Remove(evaluation);
            Attempts.End(turn, evaluation);
        }
        foreach (var pack in state.Packs.OrderBy(p => p.Index).ToList())
        {
            if (pack.Active) turn.Stop(pack, cancel.Reason);
            state.Packing.Remove(pack);
            foreach (var member in pack.Members)
            {
                if (member.Status == TrialStatus.Pending) member.Status = TrialStatus.Cancelled;
                foreach (var trial in member.Trials.Where(t => t.Status == TrialStatus.Pending))
                {
                    Attempts.FailTrial(turn, pack, trial, FailureKind.Cancelled, cancel.Reason);
                    state.SetReady(pack, member, trial);
                }
            }
            if (pack.Active || pack.Status == PackStatus.Pending) Attempts.End(turn, pack);
        }
        state.Header.Status = SweepStatus.Cancelled;
        state.Header.CancelReason = cancel.Reason;
        state.Header.EndedAt = turn.Now;
        state.TouchHeader();
        turn.Emit(SweepEventKind.Cancelled, "the sweep was stopped: " + cancel.Reason);
        turn.Complete();
        return Verdict.Accepted;
    }

    public static Verdict Resume(Transition turn, ResumeRequested resume)
    {
        var state = turn.State;
        var again = 0;
        foreach (var pack in state.Packs.Where(p => !p.Active && p.Status is not (PackStatus.Pending or PackStatus.Split)).OrderBy(p => p.Index).ToList())
        {
            var (before, train) = (again, false);
            if (pack.Members.Exists(m => m.Status == TrialStatus.Failed && Again(m.Status)))
            {
                // The others went on without a member that failed, and their checkpoint does not hold it: it starts anew, without those that are trained.
                pack.Checkpoint = null;
                foreach (var member in pack.Members) member.Apart = member.Status == TrialStatus.Succeeded;
            }
            foreach (var member in pack.Members)
            {
                if (Again(member.Status))
                {
                    member.Status = TrialStatus.Pending;
                    train = true;
                }
                foreach (var trial in member.Trials.Where(t => Again(t.Status)))
                {
                    foreach (var evaluation in state.Evaluations.Where(e => e.Trials.Remove(trial.Trial))) state.Touch(evaluation);
                    (trial.Status, trial.Failure) = (TrialStatus.Pending, null);
                    trial.Failures.Clear();
                    state.SetReady(pack, member, trial);
                    again++;
                    state.Ended--;
                }
            }
            if (again == before) continue;
            state.Touch(pack);
            if (!train) continue;
            (pack.Status, pack.Strikes, pack.TransientEnds, pack.OutOfMemoryEnds, pack.NotBefore) = (PackStatus.Pending, 0, 0, 0, default);
            state.Packing.Add(pack);
        }
        if (again == 0) return Verdict.Duplicate;
        (state.Header.Status, state.Header.CancelReason, state.Header.EndedAt) = (SweepStatus.Running, null, null);
        state.TouchHeader();
        turn.Emit(SweepEventKind.Resumed, string.Create(CultureInfo.InvariantCulture, $"{again} trials go on"));
        return Verdict.Accepted;

        bool Again(TrialStatus status) => status == TrialStatus.Cancelled || status == TrialStatus.Failed && resume.RetryFailed;
    }

    public static void CompleteWhereEnded(Transition turn)
    {
        var state = turn.State;
        if (state.Header.Status != SweepStatus.Running || state.Ended < state.Grid.Trials.Count || state.Active.Count > 0) return;
        state.Header.Status = SweepStatus.Completed;
        state.Header.EndedAt = turn.Now;
        state.TouchHeader();
        var failed = state.Packs.SelectMany(p => p.Members).SelectMany(m => m.Trials).Count(t => t.Status == TrialStatus.Failed);
        turn.Emit(
            SweepEventKind.Completed,
            failed == 0 ? string.Create(CultureInfo.InvariantCulture, $"all {state.Ended} trials are done")
                : string.Create(CultureInfo.InvariantCulture, $"{state.Ended - failed} trials are done, {failed} have failed"));
        turn.Complete();
    }
}
