using System.Globalization;

namespace AlpacaCot.Experiments;

/// <summary>How attempts end, and what an end costs.</summary>
internal static class Attempts
{
    /// <summary>The slot says that it is at the end of its assignment.</summary>
    public static Verdict Done(Turn turn, PackState pack)
    {
        if (!pack.Ended) return Failed(turn, pack, FailureKind.Unknown, "the worker ended without all results");
        End(turn, pack);
        return Verdict.Accepted;
    }

    /// <summary>
    /// An attempt that started has ended badly. It costs a strike only where it brought nothing that stays; three strikes fail the trials that are
    /// left. Out of memory: once more at half the micro-batch
    /// and double accumulation, then each member alone, then final. Non-finite values and unusable data are final at once.
    /// </summary>
    public static Verdict Failed(Turn turn, PackState pack, FailureKind kind, string message)
    {
        pack.LastFailure = new Failure(kind, message);
        turn.State.Touch(pack);
        if (pack.Ended) End(turn, pack);
        else if (kind == FailureKind.Preempted) Requeue(turn, pack, message);
        else if (kind == FailureKind.OutOfMemory) OutOfMemory(turn, pack, message);
        else if (kind is FailureKind.Unknown or FailureKind.Transient)
        {
            if (!pack.Progressed) pack.Strikes++;
            if (pack.Strikes >= turn.Options.MaxStrikes)
                FailAll(turn, pack, kind, string.Create(CultureInfo.InvariantCulture, $"{message} ({pack.Strikes} attempts without progress)"));
            else
            {
                if (!pack.Progressed) pack.NotBefore = turn.Now + turn.Options.RetryDelay * Math.Pow(2, pack.Strikes - 1);
                Requeue(turn, pack, message);
            }
        }
        else FailAll(turn, pack, kind, message);
        return Verdict.Accepted;
    }

    private static void OutOfMemory(Turn turn, PackState pack, string message)
    {
        pack.OutOfMemoryEnds++;
        var left = pack.Members.Where(m => m.Trials.Any(t => t.Status == TrialStatus.Pending)).ToList();
        if (pack.OutOfMemoryEnds == 1)
        {
            pack.Kernel = pack.Kernel.Halved();
            Requeue(turn, pack, $"{message}; once more at {pack.Kernel.MicroBatchTokens} tokens a micro-batch");
        }
        else if (left.Count > 1) Split(turn, pack, left, message);
        else FailAll(turn, pack, FailureKind.OutOfMemory, message);
    }

    /// <summary>
    /// Each member that is left goes on alone and from its start: a checkpoint is of the whole pack. One more end for lack of memory is final for it.
    /// </summary>
    private static void Split(Turn turn, PackState pack, List<MemberState> left, string message)
    {
        Release(turn, pack);
        foreach (var member in left)
        {
            pack.Members.Remove(member);
            if (member.Status == TrialStatus.Pending) (member.Step, member.Loss) = (0, null);
            turn.State.Queue.Add(turn.State.SplitOff(pack, member));
        }
        pack.Status = pack.Members.Count == 0 ? PackStatus.Split : StatusOf(pack);
        turn.State.Touch(pack);
        turn.Tell(SweepEventKind.PackSplit, $"pack {pack.Index} is split into {left.Count}: {message}", pack);
    }

    /// <summary>Back to the queue with a word about why; the attempt costs nothing here.</summary>
    public static void Requeue(Turn turn, PackState pack, string why)
    {
        if (pack.Ended)
        {
            End(turn, pack);
            return;
        }
        turn.Tell(SweepEventKind.PackRetried, $"pack {pack.Index} waits again: {why}", pack);
        Free(turn, pack);
    }

    /// <summary>Back to the queue.</summary>
    public static void Free(Turn turn, PackState pack)
    {
        Release(turn, pack);
        pack.Status = PackStatus.Pending;
        turn.State.Queue.Add(pack);
    }

    /// <summary>Every trial of the pack has ended.</summary>
    public static void End(Turn turn, PackState pack)
    {
        Release(turn, pack);
        pack.Status = StatusOf(pack);
        turn.Tell(
            SweepEventKind.PackEnded,
            $"pack {pack.Index} has ended: {(pack.Status == PackStatus.Done ? "done" : pack.Status == PackStatus.Failed ? "failed" : "cancelled")}",
            pack);
    }

    public static void FailAll(Turn turn, PackState pack, FailureKind kind, string message)
    {
        foreach (var member in pack.Members) FailMember(turn, pack, member, kind, message);
        End(turn, pack);
    }

    public static void FailMember(Turn turn, PackState pack, MemberState member, FailureKind kind, string message)
    {
        if (member.Status == TrialStatus.Pending) member.Status = kind == FailureKind.Cancelled ? TrialStatus.Cancelled : TrialStatus.Failed;
        foreach (var trial in member.Trials.Where(t => t.Status == TrialStatus.Pending)) FailTrial(turn, pack, trial, kind, message);
    }

    public static void FailTrial(Turn turn, PackState pack, TrialState trial, FailureKind kind, string message)
    {
        trial.Status = kind == FailureKind.Cancelled ? TrialStatus.Cancelled : TrialStatus.Failed;
        trial.Failure = new Failure(kind, message);
        turn.State.Ended++;
        turn.State.Touch(pack);
        if (kind != FailureKind.Cancelled)
            turn.Tell(
                SweepEventKind.TrialFailed, $"{turn.State.Grid.Trials[trial.Trial].Name} has failed ({kind}): {message}", pack,
                e => e with { Trial = turn.State.Grid.Trials[trial.Trial].Name });
    }

    private static void Release(Turn turn, PackState pack)
    {
        turn.State.Active.Remove(pack.Fence);
        pack.Unconfirmed = false;
        turn.State.Touch(pack);
    }

    private static PackStatus StatusOf(PackState pack)
    {
        var trials = pack.Members.SelectMany(m => m.Trials).ToList();
        return trials.Any(t => t.Status == TrialStatus.Succeeded) ? PackStatus.Done
            : trials.Any(t => t.Status == TrialStatus.Failed) ? PackStatus.Failed
            : PackStatus.Cancelled;
    }
}
