using System.Text.Json;
using AlpacaCot.Training;

namespace AlpacaCot.Worker.Jobs;

/// <summary>Training settings as a sweep names them.</summary>
internal static class TrainingJson
{
    private const int DefaultCutoff = 512;

    /// <summary>The settings of one member.</summary>
    public static TrainingSettings Settings(JsonElement json)
    {
        var batch = Int(json, "batch_size") ?? new TrainingSettings().BatchSize;
        var parts = Int(json, "gradient_accumulation") ?? 1;
        if (batch < 1 || parts < 1) throw new TrainingException($"batch_size {batch} and gradient_accumulation {parts} must be at least 1");
        return new TrainingSettings
        {
            LearningRate = Number(json, "learning_rate") ?? throw new TrainingException("learning_rate is missing"),
            // A sweep's batch_size is the rows of a whole step, whatever it is cut into.
            BatchSize = (batch + parts - 1) / parts,
            GradientAccumulation = parts,
            Epochs = Number(json, "epochs") ?? new TrainingSettings().Epochs,
            MaxSteps = Int(json, "max_steps"),
            Schedule = json.TryGetProperty("schedule", out var schedule) ? schedule.GetString()! : new TrainingSettings().Schedule,
            WarmupRatio = Number(json, "warmup_ratio") ?? 0,
            WarmupSteps = Int(json, "warmup_steps"),
            WeightDecay = Number(json, "weight_decay") ?? 0,
            Beta1 = Number(json, "adam_beta1") ?? 0.9,
            Beta2 = Number(json, "adam_beta2") ?? 0.999,
            Epsilon = Number(json, "adam_epsilon") ?? 1e-8,
            MaxGradNorm = json.TryGetProperty("clip", out var clip) ? clip.ValueKind == JsonValueKind.Null ? null : clip.GetDouble() : 1.0,
        };
    }

    /// <summary>Longest row in tokens.</summary>
    public static int CutoffLen(JsonElement json) => Int(json, "cutoff_len") ?? DefaultCutoff;

    private static double? Number(JsonElement json, string name) => json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : null;

    private static int? Int(JsonElement json, string name) => json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetInt32() : null;
}
