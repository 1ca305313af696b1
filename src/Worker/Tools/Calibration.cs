using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using AlpacaCot.Adapters;
using AlpacaCot.Adapters.Lora;
using AlpacaCot.Data;
using AlpacaCot.Files;
using AlpacaCot.Inference;
using AlpacaCot.Kernels.Native;
using AlpacaCot.Models;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Facts;
using AlpacaCot.Training;
using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Worker.Tools;

/// <summary>
/// Measures what steps cost on this machine, once for each machine, number of threads, precision and version of the numerics: a second or two on small random models, remembered in the home.
/// The shortest of several steps counts, so that what else runs on the machine disturbs little.
/// </summary>
internal static class Calibration
{
    private const string Version = "1", Folder = "machine";
    private const int RowTokens = 64, Vocabulary = 256, FewRows = 1, ManyRows = 16, Uncounted = 3, Counted = 5, NewTokens = 16, Sequences = 8;

    /// <summary>The machine's speed at some precisions, of a slot that has so many threads; what is not remembered is measured.</summary>
    public static MachineFacts Of(IReadOnlyList<string> precisions, int threads, WorkerFolders folders, JobContext context)
    {
        var process = Environment.WorkingSet;
        Threads.Count = threads;
        var machine = string.Create(CultureInfo.InvariantCulture, $"{Processor()}, {threads} {(threads == 1 ? "thread" : "threads")}, {RuntimeInformation.OSArchitecture.ToString().ToLowerInvariant()}");
        var speeds = new SortedDictionary<string, MachineSpeed>(StringComparer.Ordinal);
        foreach (var precision in precisions)
        {
            context.Stop.ThrowIfCancellationRequested();
            var remembered = Path.Combine(folders.Cache, Folder, ContentHash.OfText($"{Version} {Numerics.Version} {machine} {precision}")[..32] + ".json");
            if (Recall(remembered) is { } known) speeds[precision] = known;
            else
            {
                context.Progress("calibrate", 0, 0, note: $"how fast this machine is at {precision}");
                speeds[precision] = Measure(precision, context.Time);
                AtomicFile.WriteAllText(remembered, JsonSerializer.Serialize(speeds[precision], Frames.Json));
            }
        }
        return new MachineFacts(machine, process, speeds);
    }

    private static MachineSpeed Measure(string precision, TimeProvider time)
    {
        using var generator = new Generator(0);
        using var small = Random(hidden: 32, precision, generator);
        using var large = Random(hidden: 256, precision, generator);
        var blocks = small.Config.Layers;
        var (few, many) = (TrainingStep(small, FewRows, time), TrainingStep(small, ManyRows, time));
        var blockToken = Math.Max(0, (many - few) / ((ManyRows - FewRows) * RowTokens * blocks));
        var block = Math.Max(0, few / blocks - FewRows * RowTokens * blockToken);
        var weights = large.Projections.Sum(site => (double)site.Weights.In * site.Weights.Out) + (double)Vocabulary * large.Config.HiddenSize;
        double Rest(double seconds, double perBlock, int tokens) => Math.Max(0, seconds - perBlock * blocks) / (tokens * weights);
        var largeStep = TrainingStep(large, ManyRows, time);
        var (decodeSmall, decodeLarge) = (DecodingStep(small, time), DecodingStep(large, time));
        var decodeBlock = decodeSmall / blocks;
        return new MachineSpeed(
            block, blockToken, Rest(largeStep, block + ManyRows * RowTokens * blockToken, ManyRows * RowTokens), decodeBlock, Rest(decodeLarge, decodeBlock, Sequences), new EngineOptions().MaxBatch);
    }

    /// <summary>Seconds of a step of LoRA on rows of one length.</summary>
    private static double TrainingStep(Decoder decoder, int rows, TimeProvider time)
    {
        using var generator = new Generator(1);
        using var adapter = AdapterFactory.Create(decoder, new LoraConfig { TargetModules = ModuleSelection.Of("q_proj", "v_proj") }, generator);
        List<Example> examples = [.. Enumerable.Range(0, rows).Select(row => (int[])[.. Enumerable.Range(0, RowTokens).Select(at => (row * 31 + at * 7) % Vocabulary)]).Select(ids => new Example(ids, ids))];
        var settings = new TrainingSpec { LearningRate = 1e-4, BatchSize = rows, MaxSteps = Uncounted + Counted, Schedule = TrainingSpec.Constant, CutoffLen = RowTokens };
        using var trainer = new CoTrainer(decoder, [new TrainingMember("calibration", adapter, examples, settings, 0)], new CoTrainerOptions { Time = time });
        var (shortest, before) = (double.MaxValue, time.GetTimestamp());
        trainer.Run(step =>
        {
            if (step.Step > Uncounted) shortest = Math.Min(shortest, time.GetElapsedTime(before).TotalSeconds);
            before = time.GetTimestamp();
        });
        return shortest;
    }

    /// <summary>Seconds of a step in which each sequence gets a token.</summary>
    private static double DecodingStep(Decoder decoder, TimeProvider time)
    {
        using var engine = new InferenceEngine(decoder, ByteTokens.Instance);
        var settings = new DecodingSettings { MaxNewTokens = NewTokens, IgnoreEos = true };
        List<GenerationRequest> requests = [.. Enumerable.Range(1, Sequences).Select(i => new GenerationRequest($"calibration-{i}", [i, i + 1, i + 2, i + 3], Member: -1, settings))];
        engine.Generate(requests); // not counted
        var began = time.GetTimestamp();
        engine.Generate(requests);
        return time.GetElapsedTime(began).TotalSeconds / NewTokens;
    }

    private static Decoder Random(int hidden, string precision, Generator generator) => Decoder.CreateRandom(
        new DecoderConfig
        {
            ModelType = "llama", VocabularySize = Vocabulary, HiddenSize = hidden, IntermediateSize = hidden * 43 / 16, Layers = 2, Heads = 4, KeyValueHeads = 4, HeadDim = hidden / 4, MaxPositions = 256,
            EosTokenIds = [2], BosTokenId = 1,
        },
        generator, WorkerState.LoadingOf(precision).Dtype);

    private static MachineSpeed? Recall(string remembered)
    {
        try
        {
            return File.Exists(remembered) ? JsonSerializer.Deserialize<MachineSpeed>(File.ReadAllBytes(remembered), Frames.Json) : null;
        }
        catch (JsonException)
        {
            return null;   // a damaged note is as good as none
        }
    }

    /// <summary>The processors' name, where the system tells it.</summary>
    private static string Processor()
    {
        const string Key = "model name";
        var name = File.Exists("/proc/cpuinfo") ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith(Key, StringComparison.Ordinal))?.Split(':', 2)[^1].Trim() : null;
        return string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessorCount} × {name ?? "processor"}");
    }
}
