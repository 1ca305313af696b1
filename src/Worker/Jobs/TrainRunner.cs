using AlpacaCot.Adapters;
using AlpacaCot.Data.Catalogue;
using AlpacaCot.Data.Preparation;
using AlpacaCot.Data.Templates;
using AlpacaCot.Files;
using AlpacaCot.Kernels.Native;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Methods;
using AlpacaCot.Tokenizers;
using AlpacaCot.Training;
using AlpacaCot.Worker.Protocol;
using AlpacaCot.Worker.Tools;

namespace AlpacaCot.Worker.Jobs;

/// <summary>
/// Trains a pack: prepares each member's rows, trains the members together on one frozen base from the last accepted checkpoint on,
/// and saves their adapters with the templates that trained them.
/// </summary>
/// <param name="pack">The pack.</param>
/// <param name="context">What it works with.</param>
/// <param name="remark">Told what is odd about rows, settings and adapters; a sweep's validation has said it before its packs run, and passes none.</param>
internal sealed class TrainRunner(TrainJob pack, JobContext context, Action<IEnumerable<string>>? remark = null)
{
    private const string CheckpointFolder = "checkpoints";

    /// <summary>A checkpoint is accepted a moment after it is written, and the accepted one is what a crash goes back to: frequent ones must not push it out before.</summary>
    private const int KeptCheckpoints = 4;

    /// <summary>Runs the pack to its end.</summary>
    public void Run()
    {
        Directory.SetCurrentDirectory(pack.BaseDirectory);
        Threads.Count = pack.Threads;
        context.Beat(WorkPhases.Load);
        context.Progress("load", 0, 1, note: pack.Base.Path);
        var trainsBase = pack.Members.Any(member => MethodCatalogue.Get(member.Method.Method).TrainsBase);
        try
        {
            // What is trained is held in fp32, here the base itself.
            Train(context.State.Base(trainsBase ? pack.Base with { Precision = "fp32" } : pack.Base, pack.Folders, pack.BaseFiles));
        }
        finally
        {
            if (trainsBase) context.State.Forget();
        }
    }

    private void Train(LoadedBase model)
    {
        var templates = new Dictionary<string, IConversationForm>(StringComparer.Ordinal);
        var members = new List<TrainingMember>();
        try
        {
            foreach (var member in pack.Members)
            {
                context.Stop.ThrowIfCancellationRequested();
                context.Beat(WorkPhases.Prepare);
                context.Progress("prepare", members.Count, pack.Members.Count, member.Name);
                try
                {
                    members.Add(Prepare(member));
                }
                catch (Exception e) when (Failures.KindOf(e) == FailureKind.Data)
                {
                    // What is wrong with one member's data or settings is no fault of the others.
                    context.Send(new FailedEvent(context.Assignment, context.Fence, FailureKind.Data, Failures.Describe(e), member.Name));
                }
            }
            if (members.Count > 0) Train(model, members, templates);
        }
        finally
        {
            foreach (var member in members) member.Adapter.Dispose();
        }

        TrainingMember Prepare(PackMember member)
        {
            FileStamps.RequireUnchanged(member.DataFiles, $"data of {member.Name}");
            var template = templates[member.Name] = ConversationForms.Get(member.Data.Template ?? PromptTemplates.Default, model.Tokenizer, model.Path);
            var prepared = new DataPreparation(new DatasetCatalogue([pack.BaseDirectory, pack.Folders.Datasets]), Path.Combine(pack.Folders.Cache, "tokens"))
                .Prepare(member.Data, model.Tokenizer, template, member.Training.CutoffLen, member.Seed, context.Stop, member.Training.TrainOnPrompt, member.Matched, model.Path);
            // Initialisation has a stream of its own, so that methods with and without random starts see the same data order.
            using var generator = new Generator(unchecked((ulong)member.Seed));
            var adapter = AdapterFactory.Create(model.Decoder, AdapterOf(member, model.Path), generator, text => model.Tokenizer.Encode(text, new EncodeOptions(AddSpecialTokens: true)));
            remark?.Invoke(TrainingRemarks.Of(member.Data, prepared, member.Training, adapter, model));
            return new TrainingMember(member.Name, adapter, prepared.Examples, member.Training, unchecked((ulong)member.Seed));
        }
    }

    private void Train(LoadedBase model, List<TrainingMember> members, Dictionary<string, IConversationForm> templates)
    {
        var checkpoints = Path.Combine(pack.Directory, CheckpointFolder);
        if (pack.Resume is { } accepted) CarriedCheckpoints.Bring(accepted, checkpoints, Warn);
        var began = context.Time.GetTimestamp();
        var options = new CoTrainerOptions
        {
            TokenBudget = pack.MicroBatchTokens,
            Time = context.Time,
            BaseContent = model.Content,
            Checkpoints = new CheckpointPolicy(checkpoints, pack.CheckpointSteps > 0 ? pack.CheckpointSteps : null, TimeSpan.FromSeconds(pack.CheckpointSeconds), KeptCheckpoints) { Saving = () => context.Beat(WorkPhases.Save), Saved = Saved },
        };
        using var trainer = new CoTrainer(model.Decoder, members, options);
        if (trainer.Step > 0) Console.WriteLine($"{context.Assignment} goes on from step {trainer.Step}");
        foreach (var warning in trainer.Warnings) Warn(warning);
        // Members step together: the pack's throughput is the sum of theirs.
        var speeds = new Dictionary<string, double>(StringComparer.Ordinal);
        var results = Run(trainer, step =>
        {
            speeds[step.Member] = step.TokensPerSecond;
            context.Beat(WorkPhases.Train);
            context.Progress("train", step.Step, step.TotalSteps, step.Member, step.Loss, speeds.Values.Sum());
            if (step.Step == step.TotalSteps) speeds.Remove(step.Member);
        });
        context.Beat(WorkPhases.Save);
        var seconds = context.Time.GetElapsedTime(began).TotalSeconds;
        var reported = pack.Members.Where(member => member.Trained).Select(member => member.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var (member, result) in members.Zip(results).Where(pair => !pair.Second.Removed && !reported.Contains(pair.First.Name)))
        {
            var folder = Path.Combine(pack.Directory, member.Name);
            AtomicFile.WriteDirectory(folder, to =>
            {
                Save(member.Adapter, model, to);
                TemplateFile.Save(templates[member.Name], to);
                LossCurve.Write(to, result.Losses);
                TrialFile.Write(to, pack.Sweep, pack.Members.First(of => of.Name == member.Name), model, result);
            });
            var tokens = (long)(member.Examples.Average(row => row.Ids.Length) * result.Steps * member.Settings.BatchSize);
            var trained = new TrainedEvent(
                context.Assignment, context.Fence, member.Name, folder, ContentHash.OfFiles(WeightFiles(member.Adapter, folder)), result.Steps,
                result.Losses.Count > 0 ? result.Losses[^1] : double.NaN, seconds, tokens);
            context.Send(trained);
            SharedFolders.Share(
                pack.Folders, pack.Members.First(of => of.Name == member.Name).SharedKey, folder,
                new SharedAdapter(pack.Sweep, trained.Sha256, trained.Steps, trained.FinalLoss, seconds, tokens));
        }
    }

    /// <summary>Saves what was trained, and reads it again: an adapter, or a whole model with the base's tokenizer.</summary>
    private static void Save(Adapter adapter, LoadedBase model, string folder)
    {
        if (adapter is BaseParameters whole)
        {
            whole.Save(folder);
            ModelTools.CopyTokenizer(model.Path, folder);
            return;
        }
        AdapterDirectory.Save(adapter, folder);
        AdapterFolderCheck.RequireSaved(adapter, folder);
    }

    private static IEnumerable<string> WeightFiles(Adapter adapter, string folder) => adapter.TrainsBase
        ? Directory.EnumerateFiles(folder, "model*.safetensors").Order(StringComparer.Ordinal) : [Path.Combine(folder, AdapterDirectory.WeightsFileOf(adapter.Config))];

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

    /// <summary>A member's adapter as its configuration describes it.</summary>
    internal static AdapterConfig AdapterOf(PackMember member, string basePath)
        => AdapterConfig.Read(MethodCatalogue.AdapterConfig(member.Method).ToJsonString(), member.Name) with { BaseModel = basePath };

    private void Saved(string folder, int step)
    {
        context.Send(new CheckpointEvent(context.Assignment, context.Fence, folder, step, CarriedCheckpoints.HashOf(folder)));
    }

    private void Warn(string warning)
    {
        Console.WriteLine(warning);
        context.Progress("train", 0, 0, note: warning);
    }
}
