using System.Globalization;
using AlpacaCot.Specs;

namespace AlpacaCot.Experiments.Scheduling;

/// <summary>How attempts end, and what an end costs.</summary>
internal static class Attempts
{
    /// <summary>The slot says that it is at the end of its assignment.</summary>
    public static Verdict Done(Transition turn, WorkState work)
    {
        if (!turn.State.HasEnded(work)) return Failed(turn, work, FailureKind.Unknown, "the worker ended without all results");
        End(turn, work);
        return Verdict.Accepted;
    }

    /// <summary>
    /// An attempt that started has ended badly. What that costs depends on the kind alone: nothing where the slot was needed, a pause where it passes, a smaller cut where memory ran out, a strike
    /// where nobody knows and nothing was gained, and what is left of the work where no other attempt could do better. Evaluations never cost a training anything.
    /// </summary>
    public static Verdict Failed(Transition turn, WorkState work, FailureKind kind, string message)
    {
        work.LastFailure = new Failure(kind, message);
        turn.State.Touch(work);
        // A worker is replaced after any failure, and its base has to be loaded again.
        turn.State.LoadedModel.Remove(work.Slot!);
        if (work.Progressed) work.TransientEnds = 0;
        if (turn.State.HasEnded(work)) End(turn, work);
        else
            switch (kind)
            {
                case FailureKind.Preempted:
                    Requeue(turn, work, message);
                    break;
                case FailureKind.OutOfMemory:
                    OutOfMemory(turn, work, message);
                    break;
                case FailureKind.Transient:
                    Passing(turn, work, message);
                    break;
                case FailureKind.Unknown:
                    Strike(turn, work, message);
                    break;
                default:
                    GiveUp(turn, work, kind, message);
                    break;
            }
        return Verdict.Accepted;
    }

    private static void Strike(Transition turn, WorkState work, string message)
    {
        if (!work.Progressed)
        {
            work.Strikes++;
            work.NotBefore = turn.Now + Pause(turn.Options, work.Strikes);
        }
        if (work.Strikes < turn.Options.MaxStrikes) Requeue(turn, work, message);
        else if (work is not EvaluationState evaluation || !SplitEvaluation(turn, evaluation, message))
            GiveUp(turn, work, FailureKind.Unknown, string.Create(CultureInfo.InvariantCulture, $"{message} ({work.Strikes} attempts without progress)"));
    }

    /// <summary>What passes is waited for, longer each time; only where it does not pass for very long does the work fail.</summary>
    private static void Passing(Transition turn, WorkState work, string message)
    {
        if (++work.TransientEnds > turn.Options.MaxTransientEnds)
        {
            GiveUp(turn, work, FailureKind.Transient, string.Create(CultureInfo.InvariantCulture, $"{message} ({work.TransientEnds} times in a row)"));
            return;
        }
        work.NotBefore = turn.Now + Pause(turn.Options, work.TransientEnds);
        Requeue(turn, work, message);
    }

    /// <summary>Once more at half the micro-batch and double accumulation, from the checkpoint; then in parts; then it is final.</summary>
    private static void OutOfMemory(Transition turn, WorkState work, string message)
    {
        work.OutOfMemoryEnds++;
        if (work.OutOfMemoryEnds == 1)
        {
            work.Kernel = work.Kernel.Halved();
            Requeue(turn, work, string.Create(CultureInfo.InvariantCulture, $"{message}; once more at {work.Kernel.MicroBatchTokens} tokens a micro-batch"));
        }
        else if (!(work is PackState pack ? SplitPack(turn, pack, message) : SplitEvaluation(turn, (EvaluationState)work, message))) GiveUp(turn, work, FailureKind.OutOfMemory, message);
    }

    /// <summary>
    /// Each member that is left goes on alone, from the pack's checkpoint. One more end for lack of memory is final for it.
    /// </summary>
    private static bool SplitPack(Transition turn, PackState pack, string message)
    {
        var left = pack.Members.Where(m => m.Status == TrialStatus.Pending).ToList();
        if (left.Count < 2) return false;
        Release(turn, pack);
        foreach (var member in left)
        {
            pack.Members.Remove(member);
            turn.State.Packing.Add(turn.State.SplitOff(pack, member));
        }
        pack.Status = pack.Members.Count == 0 ? PackStatus.Split : pack.OutcomeOfMembers;
        turn.State.Touch(pack);
        turn.Emit(SweepEventKind.Split, string.Create(CultureInfo.InvariantCulture, $"{pack.Name} is split into {left.Count}: {message}"), pack);
        return true;
    }

    /// <summary>
    /// Which of several evaluations ends the worker cannot be told from outside: each is tried alone, so that one costs the others nothing but time.
    /// A pack that crashes without progress is not split: its members take every step together.
    /// </summary>
    private static bool SplitEvaluation(Transition turn, EvaluationState evaluation, string message)
    {
        if (turn.State.Missing(evaluation).ToList() is not { Count: > 1 } left) return false;
        Release(turn, evaluation);
        evaluation.Status = PackStatus.Split;
        turn.State.Remove(evaluation);
        foreach (var (trial, name) in left) turn.State.Evaluating.Add(turn.State.NewEvaluation(evaluation, [trial.Trial], name));
        turn.Emit(SweepEventKind.Split, string.Create(CultureInfo.InvariantCulture, $"{evaluation.Name} is split into {left.Count}: {message}"), evaluation);
        return true;
    }

    private static TimeSpan Pause(SchedulingOptions options, int ends)
    {
        var pause = options.RetryDelay * Math.Pow(2, Math.Min(ends - 1, 30));
        return pause < options.LongestRetryDelay ? pause : options.LongestRetryDelay;
    }

    /// <summary>Back to the queue with a word about why; the attempt costs nothing here.</summary>
    public static void Requeue(Transition turn, WorkState work, string why)
    {
        if (turn.State.HasEnded(work))
        {
            End(turn, work);
            return;
        }
        turn.Emit(SweepEventKind.Retried, $"{work.Name} waits again: {why}", work);
        Free(turn, work);
    }

    /// <summary>Back to the queue.</summary>
    public static void Free(Transition turn, WorkState work)
    {
        Release(turn, work);
        work.Status = PackStatus.Pending;
        if (work is PackState pack) turn.State.Packing.Add(pack);
        else turn.State.Evaluating.Add((EvaluationState)work);
    }

    /// <summary>Nothing of the work is left to do.</summary>
    public static void End(Transition turn, WorkState work)
    {
        Release(turn, work);
        if (work is EvaluationState evaluation)
        {
            evaluation.Status = PackStatus.Done;
            turn.State.Remove(evaluation);
            turn.Emit(SweepEventKind.Ended, $"{work.Name} has ended", work);
            return;
        }
        work.Status = ((PackState)work).OutcomeOfMembers;
        turn.Emit(SweepEventKind.Ended, $"{work.Name} has ended: {(work.Status == PackStatus.Done ? "done" : work.Status == PackStatus.Failed ? "failed" : "cancelled")}", work);
    }

    /// <summary>Ends what is left of the work: members that are not trained with their trials, or the evaluations that are missing.</summary>
    public static void GiveUp(Transition turn, WorkState work, FailureKind kind, string message)
    {
        if (work is PackState pack)
            foreach (var member in pack.Members.Where(m => m.Status == TrialStatus.Pending)) FailMember(turn, pack, member, kind, message);
        else
            foreach (var (trial, name) in turn.State.Missing((EvaluationState)work).ToList()) Reports.FailEvaluation(turn, work, trial, new EvaluationFailure(name, kind, message));
        End(turn, work);
    }

    public static void FailMember(Transition turn, PackState pack, MemberState member, FailureKind kind, string message)
    {
        member.Status = kind == FailureKind.Cancelled ? TrialStatus.Cancelled : TrialStatus.Failed;
        foreach (var trial in member.Trials.Where(t => t.Status == TrialStatus.Pending)) FailTrial(turn, pack, trial, kind, message);
    }

    public static void FailTrial(Transition turn, WorkState work, TrialState trial, FailureKind kind, string message)
    {
        trial.Status = kind == FailureKind.Cancelled ? TrialStatus.Cancelled : TrialStatus.Failed;
        trial.Failure = new Failure(kind, message);
        turn.State.Ended++;
        turn.State.Touch(work);
        if (kind == FailureKind.Cancelled) return;
        var name = turn.State.Grid.Trials[trial.Trial].Name;
        turn.Emit(SweepEventKind.TrialFailed, $"{name} has failed ({kind}): {message}", work, e => e with { Trial = name });
    }

    private static void Release(Transition turn, WorkState work)
    {
        turn.State.Active.Remove(work.Fence);
        work.Unconfirmed = false;
        turn.State.Touch(work);
    }
}
