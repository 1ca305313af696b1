using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Worker.Jobs;

/// <summary>Answers a pack without training anything: what the scheduler's benchmark measures the grains and the protocol with.</summary>
internal static class StubPack
{
    /// <summary>Waits for each trial and reports it done.</summary>
    public static void Run(PackJob pack, TimeSpan pause, JobContext context)
    {
        foreach (var member in pack.Members)
        {
            context.Send(new TrainedEvent(context.Assignment, context.Fence, member.Name, pack.Directory, "", 0, 0, 0, 0));
            foreach (var trial in member.Trials)
            {
                if (pause > TimeSpan.Zero && context.Stop.WaitHandle.WaitOne(pause)) context.Stop.ThrowIfCancellationRequested();
                foreach (var evaluation in trial.Evaluation)
                    context.Send(new ResultEvent(
                        context.Assignment, context.Fence, trial.Name, evaluation.Name, new Dictionary<string, double> { ["stub"] = 1 }, 0, null, pause.TotalSeconds));
            }
        }
    }
}
