using System.Diagnostics;
using System.Text.Json;
using AlpacaCot.Adapters;
using AlpacaCot.Adapters.Lora;
using AlpacaCot.Data;
using AlpacaCot.Kernels.Native;
using AlpacaCot.Models;
using AlpacaCot.Specs;

namespace AlpacaCot.Training.Benchmarks;

/// <summary>The shape and settings of a training benchmark. The defaults are a LLaMA of 40 million parameters with LoRA on q and v.</summary>
public sealed record TrainingBenchmarkOptions
{
    /// <summary>JSON file of rows <c>{"ids", "labels"}</c>, or one row a line.</summary>
    public required string Rows { get; init; }

    /// <summary>Counted optimiser steps.</summary>
    public int Steps { get; init; } = 12;

    /// <summary>Rows of a step.</summary>
    public int BatchSize { get; init; } = 8;

    /// <summary>Most tokens of a row; the rest is cut off.</summary>
    public int CutoffLen { get; init; } = 512;

    /// <summary>Token ids of the model.</summary>
    public int Vocabulary { get; init; } = 32_000;

    /// <summary>Width of the residual stream.</summary>
    public int Hidden { get; init; } = 512;

    /// <summary>Blocks.</summary>
    public int Layers { get; init; } = 8;

    /// <summary>Heads.</summary>
    public int Heads { get; init; } = 8;

    /// <summary>Width of the MLP.</summary>
    public int Intermediate { get; init; } = 1376;

    /// <summary>LoRA's rank.</summary>
    public int R { get; init; } = 8;

    /// <summary>LoRA's alpha.</summary>
    public double Alpha { get; init; } = 16;

    /// <summary>Type of the base: <c>bf16</c> or <c>fp32</c>.</summary>
    public string Precision { get; init; } = "bf16";

    /// <summary>Threads of libtorch.</summary>
    public int Threads { get; init; } = 2;

    /// <summary>Most tokens of one pass.</summary>
    public int TokenBudget { get; init; } = new CoTrainerOptions().TokenBudget;
}

/// <summary>What a training benchmark measured.</summary>
/// <param name="TokensPerS">Real tokens per second; padding would not be counted, and there is none.</param>
/// <param name="SupervisedPerS">Tokens that carry loss, per second.</param>
/// <param name="StepMs">Milliseconds of a step.</param>
/// <param name="PeakRssMb">Largest resident size of the process so far, MiB.</param>
/// <param name="Losses">Loss of every counted step.</param>
public sealed record TrainingBenchmarkResult(double TokensPerS, double SupervisedPerS, double StepMs, double PeakRssMb, IReadOnlyList<double> Losses);

/// <summary>Measures LoRA fine-tuning of a random decoder on given rows, through the same trainer that trials use.</summary>
public static class TrainingBenchmark
{
    /// <summary>Trains one uncounted step on the longest rows, then the counted ones.</summary>
    /// <exception cref="TrainingException">The rows cannot be read, are too few, or the precision is unknown.</exception>
    public static TrainingBenchmarkResult Run(TrainingBenchmarkOptions options, TimeProvider? time = null)
    {
        time ??= TimeProvider.System;
        Threads.Count = options.Threads; // before the weights are drawn
        var rows = ReadRows(options);
        using var generator = new Generator(0);
        using var decoder = Decoder.CreateRandom(Config(options), generator, Precision(options.Precision));

        var longest = rows.OrderByDescending(row => row.Ids.Length).Take(options.BatchSize).ToList();
        Train(decoder, longest, options, 1);

        var started = time.GetTimestamp();
        var losses = Train(decoder, rows, options, options.Steps);
        var seconds = time.GetElapsedTime(started).TotalSeconds;
        var supervised = rows.Sum(row => row.Labels.Skip(1).Count(label => label != Example.Ignored));
        return new TrainingBenchmarkResult(
            rows.Sum(row => row.Ids.Length) / seconds, supervised / seconds, 1000 * seconds / options.Steps, PeakRssMb(), losses);
    }

    private static IReadOnlyList<double> Train(Decoder decoder, IReadOnlyList<Example> rows, TrainingBenchmarkOptions options, int steps)
    {
        using var generator = new Generator(1);
        var config = new LoraConfig { R = options.R, Alpha = options.Alpha, TargetModules = ModuleSelection.Of("q_proj", "v_proj") };
        using var adapter = AdapterFactory.Create(decoder, config, generator);
        var settings = new TrainingSpec { LearningRate = 3e-4, BatchSize = options.BatchSize, MaxSteps = steps, Schedule = "constant", WeightDecay = 0.01 };
        var member = new TrainingMember("benchmark", adapter, rows, settings, 0) { Order = RowOrder.Sequential };
        using var trainer = new CoTrainer(decoder, [member], new CoTrainerOptions { TokenBudget = options.TokenBudget });
        return trainer.Run()[0].Losses;
    }

    private static DecoderConfig Config(TrainingBenchmarkOptions options) => new()
    {
        ModelType = "llama",
        VocabularySize = options.Vocabulary,
        HiddenSize = options.Hidden,
        IntermediateSize = options.Intermediate,
        Layers = options.Layers,
        Heads = options.Heads,
        KeyValueHeads = options.Heads,
        HeadDim = options.Hidden / options.Heads,
    };

    private static ScalarType Precision(string name) => name switch
    {
        "bf16" => torch.bfloat16,
        "fp32" => torch.float32,
        _ => throw new TrainingException($"precision '{name}' is unknown; known: bf16, fp32"),
    };

    private static List<Example> ReadRows(TrainingBenchmarkOptions options)
    {
        var wanted = options.BatchSize * options.Steps;
        List<Row> rows;
        try
        {
            var text = File.ReadAllText(options.Rows).TrimStart();
            rows = text.StartsWith('[')
                ? JsonSerializer.Deserialize<List<Row>>(text, JsonSerializerOptions.Web)!
                : [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonSerializer.Deserialize<Row>(line, JsonSerializerOptions.Web)!)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new TrainingException($"{options.Rows}: cannot be read as rows of ids and labels ({e.Message})", e);
        }
        if (rows.Count < wanted) throw new TrainingException($"{options.Rows}: has {rows.Count} rows, {options.Steps} steps of {options.BatchSize} need {wanted}");
        return rows.Take(wanted).Select(row => new Example([.. row.Ids.Take(options.CutoffLen)], [.. row.Labels.Take(options.CutoffLen)])).ToList();
    }

    private static double PeakRssMb()
    {
        using var process = Process.GetCurrentProcess();
        return process.PeakWorkingSet64 / 1048576.0;
    }

    private sealed record Row(int[] Ids, int[] Labels);
}
