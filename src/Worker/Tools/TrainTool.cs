using AlpacaCot.Adapters;
using AlpacaCot.Files;
using AlpacaCot.Models;
using AlpacaCot.Specs.Facts;
using AlpacaCot.Specs.Methods;
using AlpacaCot.Worker.Jobs;
using AlpacaCot.Worker.Protocol;
using AlpacaCot.Worker.Protocol.Tools;

namespace AlpacaCot.Worker.Tools;

/// <summary><c>train</c>: one adapter on one base, or the base itself, through the same pack that sweeps run.</summary>
internal static class TrainTool
{
    public static void Run(TrainAdapterRequest request, WorkerFolders folders, JobContext context)
    {
        var (output, single) = (Path.GetFullPath(request.Out), request.Training);
        ModelTools.RequireNew(output, request.Force, MethodCatalogue.Get(single.Method.Method).TrainsBase ? "config.json" : AdapterDirectory.ConfigFile);

        var folder = ModelPlaces.Resolve(request.Model, folders);

        const string name = "adapter";
        var work = $"{output}.partial-{Environment.ProcessId}";
        var pack = new TrainJob
        {
            Base = new BaseModel(folder, single.Training.Precision),
            Members = [new PackMember { Name = name, Method = single.Method, Data = single.Data, Training = single.Resolve(), Seed = single.Seed }],
            Directory = work, BaseDirectory = Environment.CurrentDirectory, Threads = request.Threads ?? Environment.ProcessorCount, Folders = folders,
        };
        RequireRoom(pack.Members[0], folder);
        if (single.Training.MicroBatchTokens is { } tokens) pack = pack with { MicroBatchTokens = tokens };
        if (single.Training.CheckpointSteps is { } steps) pack = pack with { CheckpointSteps = steps };
        TrainedEvent? trained = null;
        try
        {
            new TrainRunner(pack, context with { Send = workerEvent => { if (workerEvent is TrainedEvent e) trained = e; else if (workerEvent is not CheckpointEvent) context.Send(workerEvent); } }, context.Remark).Run();
            // Why it was not trained has been told.
            if (trained is null) return;
            AtomicFile.WriteDirectory(output, folder =>
            {
                foreach (var file in Directory.EnumerateFiles(Path.Combine(work, name))) File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
            });
        }
        finally
        {
            if (Directory.Exists(work)) Directory.Delete(work, recursive: true);
        }
        context.Answer(
            new { @out = output, steps = trained.Steps, final_loss = trained.FinalLoss, seconds = Math.Round(trained.Seconds, 2), learning_rate = single.Resolve().LearningRate, tokens = trained.Tokens },
            FormattableString.Invariant($"{trained.Steps} steps in {trained.Seconds:0.0} s, final loss {trained.FinalLoss:0.0000}\n{output}"));
    }

    // What the method cannot do on this base is known from its configuration and from the names of its tensors, long before rows are prepared and weights are read.
    private static void RequireRoom(PackMember member, string folder)
    {
        var method = member.Method;
        var file = Path.Combine(folder, "config.json");
        if (!File.Exists(file)) return;
        var config = DecoderConfig.Read(FileText.Read(file), file);
        var facts = new ModelFacts { Name = folder, MaxPositions = config.MaxPositions, Layers = config.Layers };
        foreach (var (option, message) in MethodCatalogue.Get(method.Method).Faults(method, facts)) throw new ToolException($"{option}: {message}");
        if (MethodCatalogue.Get(method.Method).TrainsBase) return;
        using var mapped = ModelDirectory.Load(folder);
        AdapterFactory.RequireTargets(mapped, TrainRunner.AdapterOf(member, folder));
    }
}
