using System.Globalization;
using System.Text.Json;
using AlpacaCot.Experiments;
using AlpacaCot.Files;
using AlpacaCot.Specs;
using AlpacaCot.Supervision;
using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Grains.Sweeps;

/// <summary>An assignment of the state machine as a worker's job.</summary>
internal static class PackJobs
{
    /// <summary>The pack's name in events and paths.</summary>
    public static string NameOf(int pack) => string.Create(CultureInfo.InvariantCulture, $"pack-{pack}");

    /// <summary>The number of a pack by its name.</summary>
    public static int IndexOf(string name) => int.Parse(name["pack-".Length..], CultureInfo.InvariantCulture);

    /// <summary>The job as it travels.</summary>
    public static string Text(SweepState state, SweepSubmission submission, Assignment assignment, HomeLayout home)
        => JsonSerializer.Serialize<WorkerJob>(Of(state, submission, assignment, home), Frames.Json);

    /// <summary>Makes the job.</summary>
    public static PackJob Of(SweepState state, SweepSubmission submission, Assignment assignment, HomeLayout home)
    {
        var spec = state.Spec;
        var model = spec.Models.First(m => m.Name == assignment.Model);
        return new PackJob
        {
            Base = new BaseModel(model.Reference, spec.LoadOf(model)),
            Members = [.. assignment.Members.Select(member => MemberOf(spec, state, member))],
            Directory = Path.Combine(submission.Directory, NameOf(assignment.Pack), assignment.Fence.ToString(CultureInfo.InvariantCulture)),
            BaseDirectory = submission.BaseDirectory,
            Resume = assignment.Checkpoint is { } at ? new CheckpointReference(at.Uri, at.Step, at.Sha256) : null,
            Threads = assignment.Kernel.Threads,
            MicroBatchTokens = assignment.Kernel.MicroBatchTokens,
            CheckpointSteps = spec.Training.CheckpointSteps ?? 0,
            Folders = home.WorkerFolders,
        };
    }

    private static PackMember MemberOf(SweepSpec spec, SweepState state, AssignmentMember member)
    {
        var training = member.Training;
        var peft = spec.Peft.First(p => p.Name == training.Peft);
        return new PackMember
        {
            Name = training.Name,
            Peft = TrialJson.Peft(peft, training.LearningRate),
            Data = TrialJson.Data(spec, spec.Data.First(d => d.Name == training.Data)),
            Training = TrialJson.Training(spec.Training, training.LearningRate),
            Seed = training.Seed,
            TrainedAdapter = member.Adapter?.Uri,
            Failed = !member.Train && member.Adapter is null,
            Trials = [.. member.Trials.Select(trial => TrialOf(spec, trial))],
        };
    }

    private static PackTrial TrialOf(SweepSpec spec, AssignmentTrial trial) => new()
    {
        Name = trial.Trial.Name,
        Cue = spec.Cot.First(c => c.Name == trial.Trial.Cot).Cue,
        Decoding = new DecodingSettings
        {
            Strategy = spec.Decoding.Strategy, MaxNewTokens = spec.Decoding.MaxNewTokens, Temperature = spec.Decoding.Temperature, TopK = spec.Decoding.TopK, TopP = spec.Decoding.TopP,
            RepetitionPenalty = spec.Decoding.RepetitionPenalty, Seed = trial.Trial.Seed,
        },
        Evaluation = TrialJson.Evaluation(spec.Evaluation.Where(e => trial.Evaluations.Contains(e.Name, StringComparer.Ordinal))),
    };
}
