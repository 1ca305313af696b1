using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Worker.Jobs;

/// <summary>Answers trainings and evaluations without computing anything (<c>silo --stub-workers SECONDS</c>): grains, store and protocol are tried with it, and measured.</summary>
internal static class StubRunner
{
    /// <summary>Reports each member as trained.</summary>
    public static void Run(TrainJob job, JobContext context)
    {
        foreach (var member in job.Members.Where(member => !member.Trained))
        {
            context.Send(new TrainedEvent(context.Assignment, context.Fence, member.Name, job.Directory, "", 0, 0, 0, 0));
            SharedFolders.Share(job.Folders, member.SharedKey, job.Directory, new SharedAdapter(job.Sweep, "", 0, 0, 0, 0));
        }
    }

    /// <summary>Waits for each trial and reports it done.</summary>
    public static void Run(EvaluateJob job, TimeSpan pause, JobContext context)
    {
        foreach (var trial in job.Members.SelectMany(member => member.Trials))
        {
            if (pause > TimeSpan.Zero && context.Stop.WaitHandle.WaitOne(pause)) context.Stop.ThrowIfCancellationRequested();
            foreach (var name in trial.Evaluation.Select(evaluation => evaluation.Name))
            {
                // A number that is the trial's own, so that one taken for another is noticed.
                var metrics = new Dictionary<string, double> { ["stub"] = 1, ["length"] = trial.Name.Length };
                context.Send(new ResultEvent(context.Assignment, context.Fence, trial.Name, name, metrics, 0, null, pause.TotalSeconds));
                SharedFolders.Share(job.Folders, trial.SharedKeys.GetValueOrDefault(name), [], new SharedResult(job.Sweep, metrics, 0, pause.TotalSeconds, null));
            }
        }
    }
}
