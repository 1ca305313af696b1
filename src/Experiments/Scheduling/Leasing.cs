using System.Globalization;

namespace AlpacaCot.Experiments;

/// <summary>Who has which pack until when: leases, fences, the health of slots.</summary>
internal static class Leasing
{
    public static Verdict Drive(Turn turn, Drive drive)
    {
        var state = turn.State;
        if (state.Header.Status != SweepStatus.Running) return Verdict.Accepted;
        var running = drive.Slots.Where(s => s.Fence is not null).ToDictionary(s => s.Slot, s => s.Fence, StringComparer.Ordinal);
        var offered = drive.Slots.Select(s => s.Slot).ToHashSet(StringComparer.Ordinal);
        foreach (var pack in state.Active.Values.OrderBy(p => p.Fence).ToList())
            if (pack.Unconfirmed && offered.Contains(pack.Slot!) && !(running.TryGetValue(pack.Slot!, out var fence) && fence == pack.Fence))
                Attempts.Requeue(turn, pack, "its slot no longer has it since the restart");
            else if (pack.LeaseUntil <= turn.Now) Expire(turn, pack);

        var taken = state.Active.Values.Select(p => p.Slot!).ToHashSet(StringComparer.Ordinal);
        foreach (var slot in drive.Slots.Where(s => s.Fence is null))
            if (!taken.Contains(slot.Slot) && !(state.Health.TryGetValue(slot.Slot, out var health) && health.Until > turn.Now)
                && state.Queue.Take(state.LastModel.GetValueOrDefault(slot.Slot), turn.Now) is { } pack)
                Lease(turn, pack, slot.Slot);
        return Verdict.Accepted;
    }

    private static void Lease(Turn turn, PackState pack, string slot)
    {
        var state = turn.State;
        pack.Fence = state.TakeFence();
        pack.Slot = slot;
        pack.Status = PackStatus.Leased;
        pack.LeaseUntil = turn.Now + turn.Options.Lease;
        pack.NotBefore = default;
        pack.Progressed = false;
        pack.Unconfirmed = false;
        state.Active[pack.Fence] = pack;
        state.LastModel[slot] = pack.Model;
        state.Touch(pack);
        turn.Tell(SweepEventKind.PackLeased, $"pack {pack.Index} ({pack.Members.Count} members) goes to {slot}", pack);
        turn.Start(AssignmentOf(state, pack));
    }

    private static Assignment AssignmentOf(SweepState state, PackState pack)
    {
        var evaluations = state.Spec.Evaluation.Select(e => e.Name).ToList();
        var members = pack.Members.Select(member => new AssignmentMember(
            state.Grid.Trainings[member.Training],
            member.Status == TrialStatus.Pending,
            member.Adapter,
            [.. member.Trials.Where(t => t.Status == TrialStatus.Pending).Select(t => new AssignmentTrial(
                state.Grid.Trials[t.Trial], [.. evaluations.Where(e => t.Results.All(r => r.Evaluation != e))]))]));
        return new Assignment(
            state.Origin.Sweep, pack.Slot!, pack.Fence, pack.Index, pack.Starts + 1, pack.Model, pack.Kernel, pack.Checkpoint, [.. members]);
    }

    /// <summary>The slot lives and has the pack: its lease starts anew.</summary>
    public static void Confirm(Turn turn, PackState pack)
    {
        pack.Unconfirmed = false;
        var until = turn.Now + turn.Options.Lease;
        // Memory always knows the newest renewal; the record may lag by a third of a lease.
        if (pack.Status == PackStatus.Leased || until - pack.LeaseUntil > turn.Options.Lease / 3) turn.State.Touch(pack);
        pack.LeaseUntil = until;
        if (pack.Status == PackStatus.Running) return;
        pack.Status = PackStatus.Running;
        pack.Starts++;
        turn.State.SetHealth(new SlotHealth(pack.Slot!, 0, default));
        turn.Tell(
            SweepEventKind.PackStarted,
            string.Create(
                CultureInfo.InvariantCulture,
                $"pack {pack.Index} runs on {pack.Slot}{(pack.Starts > 1 ? $", attempt {pack.Starts}" : "")}{(pack.Checkpoint is { } c ? $", from step {c.Step}" : "")}"),
            pack);
    }

    public static Verdict Accepted(Turn turn, StartAccepted accepted)
    {
        if (!turn.State.Active.TryGetValue(accepted.Fence, out var pack)) return Verdict.Stale;
        Confirm(turn, pack);
        return Verdict.Accepted;
    }

    public static Verdict Refused(Turn turn, StartRefused refused)
    {
        var state = turn.State;
        if (refused.SeenFence >= state.Header.NextFence)
        {
            state.Header.NextFence = refused.SeenFence + 1;
            state.TouchHeader();
        }
        if (!state.Active.TryGetValue(refused.Fence, out var pack)) return Verdict.Stale;
        // The answer was lost on its way and the slot has been heard of since: it runs.
        if (pack.Status == PackStatus.Running) return Verdict.Duplicate;
        if (refused.Kind != RefusalKind.Stale) Quarantine(turn, pack.Slot!, refused.Kind);
        turn.Tell(SweepEventKind.PackRefused, $"{pack.Slot} could not start pack {pack.Index}: {refused.Message}", pack);
        Attempts.Free(turn, pack);
        return Verdict.Accepted;
    }

    private static void Quarantine(Turn turn, string slot, RefusalKind kind)
    {
        var before = turn.State.Health.TryGetValue(slot, out var health) ? health.Refusals : 0;
        if (kind == RefusalKind.Busy)
        {
            turn.State.SetHealth(new SlotHealth(slot, before, turn.Now + turn.Options.BusyPause));
            return;
        }
        var pause = turn.Options.Quarantine * Math.Pow(2, Math.Min(before, 30));
        turn.State.SetHealth(new SlotHealth(slot, before + 1, turn.Now + (pause < turn.Options.LongestQuarantine ? pause : turn.Options.LongestQuarantine)));
    }

    private static void Expire(Turn turn, PackState pack)
    {
        turn.Stop(pack, "its lease lapsed");
        if (pack.Unconfirmed) Attempts.Requeue(turn, pack, $"{pack.Slot} was not heard of since the restart");
        else if (pack.Status == PackStatus.Leased)
        {
            Quarantine(turn, pack.Slot!, RefusalKind.Unavailable);
            Attempts.Requeue(turn, pack, $"{pack.Slot} never confirmed the start");
        }
        else Attempts.Failed(
            turn, pack, FailureKind.Unknown,
            $"{pack.Slot} was not heard of for {turn.Options.Lease.TotalSeconds.ToString(CultureInfo.InvariantCulture)} s");
    }

    public static Verdict Lost(Turn turn, SlotLost lost)
    {
        turn.State.LastModel.Remove(lost.Slot);
        foreach (var pack in turn.State.Active.Values.Where(p => p.Slot == lost.Slot).ToList()) Attempts.Requeue(turn, pack, $"{lost.Slot} is gone with its node");
        return Verdict.Accepted;
    }

    public static Verdict Recovered(Turn turn)
    {
        // A worker may have outlived the process that owned the record: it gets one lease's time to be heard of.
        foreach (var pack in turn.State.Active.Values.OrderBy(p => p.Fence))
        {
            pack.Unconfirmed = true;
            pack.LeaseUntil = turn.Now + turn.Options.Lease;
        }
        turn.Tell(SweepEventKind.Recovered, $"the record was read again; {turn.State.Active.Count} packs were with slots");
        return Verdict.Accepted;
    }
}
