using System.Globalization;
using AlpacaCot.Experiments.Scheduling;
using AlpacaCot.Files;
using AlpacaCot.Specs.Facts;
using AlpacaCot.Supervision;
using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Grains.Sweeps;

/// <summary>An assignment of the state machine as a worker's job.</summary>
internal static class AssignmentJobs
{
    /// <summary>Makes the job, for the sweep of a grain key.</summary>
    public static AssignmentJob Of(string sweep, SweepState state, SweepSubmission submission, Assignment assignment, HomeLayout home)
    {
        var spec = state.Spec;
        var model = spec.Models.First(m => m.Name == assignment.Model);
        var @base = new BaseModel(model.Reference, spec.LoadOf(model));
        var directory = Path.Combine(submission.Directory, assignment.Name, assignment.Fence.ToString(CultureInfo.InvariantCulture));
        var files = state.Origin.FilesOf(ReferencedFiles.Model, model.Name);
        return assignment switch
        {
            TrainingAssignment training => new TrainJob
            {
                Base = @base,
                BaseFiles = files,
                Sweep = sweep,
                Members = [.. training.Members.Select(member => MemberOf(state, member))],
                Directory = directory,
                BaseDirectory = submission.BaseDirectory,
                Resume = training.Checkpoint,
                Threads = training.Kernel.Threads,
                MicroBatchTokens = training.Kernel.MicroBatchTokens,
                CheckpointSteps = spec.Training.CheckpointSteps ?? 0,
                Folders = home.WorkerFolders,
            },
            EvaluationAssignment evaluation => new EvaluateJob
            {
                Base = @base,
                BaseFiles = files,
                Sweep = sweep,
                Members =
                [
                    .. evaluation.Members.Select(member => new EvaluateMember
                    {
                        Name = member.Training?.Name ?? evaluation.Model, Adapter = member.Adapter?.Uri, Trials = [.. member.Trials.Select(trial => TrialOf(state, trial))],
                    }),
                ],
                Directory = directory,
                BaseDirectory = submission.BaseDirectory,
                Threads = evaluation.Kernel.Threads,
                MemoryDivisor = evaluation.Kernel.AccumulationFactor,
                SuiteContent = state.Origin.Identities.Suites,
                Folders = home.WorkerFolders,
            },
            _ => throw new ArgumentException($"{assignment.GetType().Name} is no work of a worker", nameof(assignment)),
        };
    }

    private static PackMember MemberOf(SweepState state, AssignmentMember member)
    {
        var (spec, training) = (state.Spec, member.Training);
        var data = spec.Data.First(d => d.Name == training.Data);
        var matched = spec.MatchedWith(data);
        return new PackMember
        {
            Name = training.Name,
            Method = spec.Peft.First(p => p.Name == training.Peft),
            Data = spec.Resolved(data),
            Matched = matched,
            Training = spec.Training with { LearningRate = training.LearningRate },
            Seed = training.Seed,
            // What matched mixes cannot teach is left out here: their files count as well.
            DataFiles = [.. matched.Select(other => other.Name).Prepend(data.Name).SelectMany(name => state.Origin.FilesOf(ReferencedFiles.Data, name)).Distinct()],
            Trained = !member.Train,
            SharedKey = state.SharedKeyOf(training),
        };
    }

    private static EvaluateTrial TrialOf(SweepState state, AssignmentTrial trial)
    {
        var spec = state.Spec;
        return new EvaluateTrial
        {
            Name = trial.Trial.Name,
            Cue = spec.Cot.First(c => c.Name == trial.Trial.Cot).Cue,
            Language = spec.Cot.First(c => c.Name == trial.Trial.Cot).Language,
            Decoding = spec.Decoding,
            Template = trial.Trial.Template,
            Seed = trial.Trial.Seed ?? 0,
            Evaluation = [.. spec.Evaluation.Where(e => trial.Evaluations.Contains(e.Name, StringComparer.Ordinal))],
            SharedKeys = trial.Evaluations.Select(name => (name, Key: state.SharedKeyOf(trial.Trial, name))).Where(shared => shared.Key is not null)
                .ToDictionary(shared => shared.name, shared => shared.Key!, StringComparer.Ordinal),
        };
    }
}
