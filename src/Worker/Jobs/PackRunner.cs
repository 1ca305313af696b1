using System.Security.Cryptography;
using AlpacaCot.Adapters;
using AlpacaCot.Data.Catalogue;
using AlpacaCot.Data.Preparation;
using AlpacaCot.Data.Templates;
using AlpacaCot.Files;
using AlpacaCot.Kernels.Native;
using AlpacaCot.Training;
using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Worker.Jobs;

/// <summary>
/// Runs a pack: prepares each member's rows, trains the members together on one frozen base from the last accepted checkpoint on,
/// saves their adapters with the templates that trained them, and evaluates each trial on the loaded base.
/// </summary>
/// <param name="pack">The pack.</param>
/// <param name="context">What it works with.</param>
/// <param name="remark">Told what is odd about rows, settings and adapters; a sweep's validation has said it before its packs run, and passes none.</param>
internal sealed class PackRunner(PackJob pack, JobContext context, Action<IEnumerable<string>>? remark = null)
{
    private const string CheckpointFolder = "checkpoints";

    /// <summary>A checkpoint is accepted a moment after it is written, and the accepted one is what a crash goes back to: frequent ones must not push it out before.</summary>
    private const int KeptCheckpoints = 4;

    /// <summary>Runs the pack to its end.</summary>
    public void Run()
    {
        Directory.SetCurrentDirectory(pack.BaseDirectory);
        Threads.Count = pack.Threads;
        context.Progress("load", 0, 1, note: pack.Base.Path);
        var model = context.State.Base(pack.Base, pack.Folders);
        var adapters = pack.Members.All(member => member.TrainedAdapter is not null || member.Failed)
            ? pack.Members.Where(member => !member.Failed).ToDictionary(member => member.Name, member => member.TrainedAdapter!, StringComparer.Ordinal)
            : Train(model);
        using var evaluation = new PackEvaluation(pack, model, context);
        foreach (var member in pack.Members)
            if (adapters.TryGetValue(member.Name, out var adapter)) evaluation.Run(member, adapter);
    }

    private Dictionary<string, string> Train(LoadedBase model)
    {
        var templates = new Dictionary<string, PromptTemplate>(StringComparer.Ordinal);
        var members = new List<TrainingMember>();
        try
        {
            foreach (var member in pack.Members)
            {
                context.Stop.ThrowIfCancellationRequested();
                context.Progress("prepare", members.Count, pack.Members.Count, member.Name);
                var settings = TrainingJson.Settings(member.Training);
                var data = DataSpecJson.Read(member.Data);
                var template = templates[member.Name] = PromptTemplates.Get(data.Template);
                var prepared = new DataPreparation(new DatasetCatalogue([pack.BaseDirectory, pack.Folders.Datasets]), Path.Combine(pack.Folders.Cache, "tokens"))
                    .Prepare(data, model.Tokenizer, template, TrainingJson.CutoffLen(member.Training), member.Seed, context.Stop);
                // Initialisation has a stream of its own, so that methods with and without random starts see the same data order.
                using var generator = new Generator(unchecked((ulong)member.Seed));
                var adapter = AdapterFactory.Create(model.Decoder, AdapterOf(member, model.Path), generator);
                remark?.Invoke(TrainingRemarks.Of(data, prepared, TrainingJson.CutoffLen(member.Training), settings, adapter, model));
                members.Add(new TrainingMember(member.Name, adapter, prepared.Examples, settings, unchecked((ulong)member.Seed)));
            }
            return Train(model, members, templates);
        }
        finally
        {
            foreach (var member in members) member.Adapter.Dispose();
        }
    }

    private Dictionary<string, string> Train(LoadedBase model, List<TrainingMember> members, Dictionary<string, PromptTemplate> templates)
    {
        var checkpoints = Path.Combine(pack.Directory, CheckpointFolder);
        CarryOver(checkpoints);
        var began = context.Time.GetTimestamp();
        var options = new CoTrainerOptions
        {
            TokenBudget = pack.MicroBatchTokens,
            Time = context.Time,
            Checkpoints = new CheckpointPolicy(checkpoints, pack.CheckpointSteps > 0 ? pack.CheckpointSteps : null, TimeSpan.FromSeconds(pack.CheckpointSeconds), KeptCheckpoints) { Saved = Saved },
        };
        using var trainer = new CoTrainer(model.Decoder, members, options);
        if (trainer.Step > 0) Console.WriteLine($"{context.Assignment} goes on from step {trainer.Step}");
        foreach (var warning in trainer.Warnings)
        {
            Console.WriteLine(warning);
            context.Progress("train", 0, 0, note: warning);
        }
        // Members step together: the pack's throughput is the sum of theirs.
        var speeds = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var member in pack.Members.Where(member => member.Failed && !trainer.IsRemoved(member.Name))) trainer.Remove(member.Name);
        var results = Run(trainer, step =>
        {
            speeds[step.Member] = step.TokensPerSecond;
            context.Progress("train", step.Step, step.TotalSteps, step.Member, step.Loss, speeds.Values.Sum());
            if (step.Step == step.TotalSteps) speeds.Remove(step.Member);
        });
        var seconds = context.Time.GetElapsedTime(began).TotalSeconds;
        var folders = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (member, result) in members.Zip(results).Where(pair => !pair.Second.Removed))
        {
            var folder = folders[member.Name] = Path.Combine(pack.Directory, member.Name);
            AdapterDirectory.Save(member.Adapter, folder);
            TemplateFile.Save(templates[member.Name], folder);
            LossCurve.Write(folder, result.Losses);
            var tokens = (long)(member.Examples.Average(row => row.Ids.Length) * result.Steps * member.Settings.BatchSize * member.Settings.GradientAccumulation);
            context.Send(new TrainedEvent(context.Assignment, context.Fence, member.Name, folder, ContentHash.OfFiles([Path.Combine(folder, AdapterDirectory.WeightsFile)]), result.Steps, result.Losses.Count > 0 ? result.Losses[^1] : double.NaN, seconds, tokens));
        }
        return folders;
    }

    /// <summary>Trains to the end; a member whose numbers are not finite any more fails alone, the others go on without it.</summary>
    private IReadOnlyList<MemberResult> Run(CoTrainer trainer, Action<TrainingProgress> progress)
    {
        while (true)
        {
            try
            {
                return trainer.Run(progress, context.Stop);
            }
            catch (NonFiniteException e)
            {
                context.Send(new FailedEvent(context.Assignment, context.Fence, FailureKind.NonFinite, e.Message, e.Member));
                trainer.Remove(e.Member);
            }
        }
    }

    private static AdapterConfig AdapterOf(PackMember member, string basePath)
        => AdapterConfig.Read(member.Peft.GetProperty("config").GetRawText(), member.Name) with { BaseModel = basePath };

    private void Saved(string folder, int step)
    {
        var manifest = File.ReadAllBytes(Path.Combine(folder, "manifest.json"));
        context.Send(new CheckpointEvent(context.Assignment, context.Fence, folder, step, Convert.ToHexStringLower(SHA256.HashData(manifest))));
    }

    /// <summary>Brings the accepted checkpoint, and the one before it in case it is torn, into this fence's folder: a fenced-out worker may still write to the old one.</summary>
    private void CarryOver(string checkpoints)
    {
        if (pack.Resume is not { } accepted || Path.GetDirectoryName(accepted.Uri) is not { } old || !Directory.Exists(old) || Path.GetFullPath(old) == Path.GetFullPath(checkpoints)) return;
        foreach (var folder in Directory.EnumerateDirectories(old, "step-*"))
        {
            if (!long.TryParse(Path.GetFileName(folder)["step-".Length..], out var step) || step > accepted.Step) continue;
            var target = Path.Combine(checkpoints, Path.GetFileName(folder));
            Directory.CreateDirectory(target);
            foreach (var file in Directory.EnumerateFiles(folder)) File.Copy(file, Path.Combine(target, Path.GetFileName(file)), overwrite: true);
        }
    }
}
