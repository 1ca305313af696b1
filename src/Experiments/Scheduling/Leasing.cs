using System.Globalization;
using AlpacaCot.Specs;

namespace AlpacaCot.Experiments.Scheduling;

/// <summary>Who has which work until when: leases, fences, the health of slots.</summary>
internal static class Leasing
{
    public static Verdict Drive(Transition turn, Drive drive)
    {
        var state = turn.State;
        if (state.Header.Status != SweepStatus.Running) return Verdict.Accepted;
        var running = drive.Slots.Where(s => s.Fence is not null).ToDictionary(s => s.Slot, s => s.Fence, StringComparer.Ordinal);
        var offered = drive.Slots.Select(s => s.Slot).ToHashSet(StringComparer.Ordinal);
        foreach (var work in state.Active.Values.OrderBy(w => w.Fence).ToList())
            if (work.Unconfirmed && offered.Contains(work.Slot!) && !(running.TryGetValue(work.Slot!, out var fence) && fence == work.Fence))
                Attempts.Requeue(turn, work, "its slot no longer has it since the restart");
            else if (work.LeaseUntil <= turn.Now) Expire(turn, work);

        var taken = state.Active.Values.Select(w => w.Slot!).ToHashSet(StringComparer.Ordinal);
        var idle = drive.Slots.Where(s => s.Fence is null && !taken.Contains(s.Slot) && !(state.Health.TryGetValue(s.Slot, out var health) && health.Until > turn.Now))
            .Select(s => s.Slot).ToList();
        // Slots choose among what needs the base that they have loaded before any slot loads another.
        var left = new Queue<string>(idle);
        foreach (var slot in idle)
        {
            left.Dequeue();
            if (state.LoadedModel.TryGetValue(slot, out var model) && state.NextOf(model, left.Count + 1, turn.Now) is { } work) Lease(turn, work, slot);
            else left.Enqueue(slot);
        }
        for (; left.Count > 0 && state.Next(left.Count, turn.Now) is { } work; left.Dequeue()) Lease(turn, work, left.Peek());
        return Verdict.Accepted;
    }

    private static void Lease(Transition turn, WorkState work, string slot)
    {
        var state = turn.State;
        work.Fence = state.NextFence();
        work.Slot = slot;
        work.Status = PackStatus.Leased;
        work.LeaseUntil = turn.Now + turn.Options.Lease;
        work.NotBefore = default;
        work.Progressed = false;
        work.Unconfirmed = false;
        state.Active[work.Fence] = work;
        state.LoadedModel[slot] = work.Model;
        state.Touch(work);
        turn.Emit(SweepEventKind.Leased, $"{work.Name} ({SizeOf(work)}) goes to {slot}", work);
        turn.Start(AssignmentOf(state, work));
    }

    private static string SizeOf(WorkState work) => work switch
    {
        PackState pack => string.Create(CultureInfo.InvariantCulture, $"{pack.Members.Count} members"),
        EvaluationState { Only: { } only } evaluation => string.Create(CultureInfo.InvariantCulture, $"{only} of {evaluation.Trials.Count} trials"),
        EvaluationState evaluation => string.Create(CultureInfo.InvariantCulture, $"{evaluation.Trials.Count} trials"),
        _ => "",
    };

    private static Assignment AssignmentOf(SweepState state, WorkState work)
    {
        var (sweep, slot, attempt) = (state.Origin.Sweep, work.Slot!, work.Starts + 1);
        if (work is PackState pack)
            return new TrainingAssignment(sweep, slot, work.Fence, work.Name, attempt, work.Model, work.Kernel)
            {
                Pack = pack.Index, Checkpoint = pack.Checkpoint,
                Members =
                [
                    .. pack.Members.Where(m => m.Status == TrialStatus.Pending || m is { Status: TrialStatus.Succeeded, Apart: false })
                        .Select(m => new AssignmentMember(state.Grid.Trainings[m.Training!.Value], m.Status == TrialStatus.Pending)),
                ],
            };
        var missing = state.Missing((EvaluationState)work).GroupBy(m => m.Trial.Trial, m => m.Evaluation)
            .Select(trial => (state.Find(trial.Key).Member, Asked: new AssignmentTrial(state.Grid.Trials[trial.Key], [.. trial])));
        return new EvaluationAssignment(sweep, slot, work.Fence, work.Name, attempt, work.Model, work.Kernel)
        {
            Members = [.. missing.GroupBy(m => m.Member).Select(m => new EvaluationMember(m.Key.Training is { } training ? state.Grid.Trainings[training] : null, m.Key.Adapter, [.. m.Select(t => t.Asked)]))],
        };
    }

    /// <summary>The slot lives and has the work: its lease starts anew.</summary>
    public static void Confirm(Transition turn, WorkState work)
    {
        work.Unconfirmed = false;
        var until = turn.Now + turn.Options.Lease;
        // Memory always knows the newest renewal; the record may lag by a third of a lease.
        if (work.Status == PackStatus.Leased || until - work.LeaseUntil > turn.Options.Lease / 3) turn.State.Touch(work);
        work.LeaseUntil = until;
        if (work.Status == PackStatus.Running) return;
        work.Status = PackStatus.Running;
        work.Starts++;
        if (work is EvaluationState evaluation)
            foreach (var trial in evaluation.Trials) turn.State.Find(trial).Trial.EvaluationStarts++;
        turn.State.SetHealth(new SlotHealth(work.Slot!, 0, default));
        turn.Emit(
            SweepEventKind.Started,
            string.Create(
                CultureInfo.InvariantCulture,
                $"{work.Name} runs on {work.Slot}{(work.Starts > 1 ? $", attempt {work.Starts}" : "")}{(work is PackState { Checkpoint: { } c } ? $", from step {c.Step}" : "")}"),
            work);
    }

    public static Verdict Accepted(Transition turn, StartAccepted accepted)
    {
        if (!turn.State.Active.TryGetValue(accepted.Fence, out var work)) return Verdict.Stale;
        Confirm(turn, work);
        return Verdict.Accepted;
    }

    public static Verdict Refused(Transition turn, StartRefused refused)
    {
        var state = turn.State;
        if (refused.SeenFence >= state.Header.NextFence)
        {
            state.Header.NextFence = refused.SeenFence + 1;
            state.TouchHeader();
        }
        if (!state.Active.TryGetValue(refused.Fence, out var work)) return Verdict.Stale;
        // The answer was lost on its way and the slot has been heard of since: it runs.
        if (work.Status == PackStatus.Running) return Verdict.Duplicate;
        if (refused.Kind != RefusalKind.Stale) Quarantine(turn, work.Slot!, refused.Kind);
        turn.Emit(SweepEventKind.Refused, $"{work.Slot} could not start {work.Name}: {refused.Message}", work);
        Attempts.Free(turn, work);
        return Verdict.Accepted;
    }

    private static void Quarantine(Transition turn, string slot, RefusalKind kind)
    {
        var before = turn.State.Health.TryGetValue(slot, out var health) ? health.Refusals : 0;
        if (kind == RefusalKind.Busy)
        {
            turn.State.SetHealth(new SlotHealth(slot, before, turn.Now + turn.Options.BusyPause, Busy: true));
            return;
        }
        var pause = turn.Options.Quarantine * Math.Pow(2, Math.Min(before, 30));
        turn.State.SetHealth(new SlotHealth(slot, before + 1, turn.Now + (pause < turn.Options.LongestQuarantine ? pause : turn.Options.LongestQuarantine)));
    }

    private static void Expire(Transition turn, WorkState work)
    {
        turn.Stop(work, "its lease lapsed");
        if (work.Unconfirmed) Attempts.Requeue(turn, work, $"{work.Slot} was not heard of since the restart");
        else if (work.Status == PackStatus.Leased)
        {
            Quarantine(turn, work.Slot!, RefusalKind.Unavailable);
            Attempts.Requeue(turn, work, $"{work.Slot} never confirmed the start");
        }
        else Attempts.Failed(
            turn, work, FailureKind.Unknown,
            $"{work.Slot} was not heard of for {turn.Options.Lease.TotalSeconds.ToString(CultureInfo.InvariantCulture)} s");
    }

    public static Verdict Lost(Transition turn, SlotLost lost)
    {
        turn.State.LoadedModel.Remove(lost.Slot);
        foreach (var work in turn.State.Active.Values.Where(w => w.Slot == lost.Slot).ToList()) Attempts.Requeue(turn, work, $"{lost.Slot} is gone with its node");
        return Verdict.Accepted;
    }

    public static Verdict Freed(Transition turn, SlotFreed freed)
    {
        if (turn.State.Health.TryGetValue(freed.Slot, out var health) && health.Busy) turn.State.SetHealth(health with { Until = default, Busy = false });
        return Verdict.Accepted;
    }

    public static Verdict Recovered(Transition turn)
    {
        CutPauses(turn);
        // A worker may have outlived the process that owned the record: it gets one lease's time to be heard of.
        foreach (var work in turn.State.Active.Values.OrderBy(w => w.Fence))
        {
            work.Unconfirmed = true;
            work.LeaseUntil = turn.Now + turn.Options.Lease;
        }
        turn.Emit(SweepEventKind.Recovered, string.Create(CultureInfo.InvariantCulture, $"the record was read again; slots had {turn.State.Active.Count} assignments"));
        return Verdict.Accepted;
    }

    /// <summary>Pauses were written as times of day. Where the machine's clock has been set back since, they would last by as much longer as any pause may.</summary>
    private static void CutPauses(Transition turn)
    {
        var (state, options) = (turn.State, turn.Options);
        foreach (var work in state.Packs.Concat<WorkState>(state.Evaluations).Where(w => w.Status == PackStatus.Pending && w.NotBefore > turn.Now + options.LongestRetryDelay).ToList())
        {
            work.NotBefore = turn.Now + options.LongestRetryDelay;
            state.Touch(work);
            // The queue has it under the later time as well, and passes over that.
            if (work is PackState pack) state.Packing.Add(pack);
            else state.Evaluating.Add((EvaluationState)work);
        }
        foreach (var health in state.Health.Values.Where(h => h.Until > turn.Now + options.LongestQuarantine).ToList()) state.SetHealth(health with { Until = turn.Now + options.LongestQuarantine });
    }
}
