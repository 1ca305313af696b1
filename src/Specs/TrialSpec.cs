namespace AlpacaCot.Specs;

/// <summary>One trial of a sweep on its own: every value that the sweep gives to all its trials is filled in.</summary>
public sealed record TrialSpec
{
    /// <summary>The base; how it is held is given.</summary>
    public required ModelSpec Model { get; init; }

    /// <summary>The adapter method; null where nothing is trained.</summary>
    public MethodSpec? Method { get; init; }

    /// <summary>What is taught, with its template and language; null where nothing is.</summary>
    public DataSpec? Data { get; init; }

    /// <summary>How it is trained, with the learning rate that counts; null where nothing is.</summary>
    public TrainingSpec? Training { get; init; }

    /// <summary>How it is asked.</summary>
    public required CotSpec Cot { get; init; }

    /// <summary>How answers are decoded.</summary>
    public required DecodingSpec Decoding { get; init; }

    /// <summary>What it is asked.</summary>
    public IReadOnlyList<EvaluationSpec> Evaluation { get; init; } = [];

    /// <summary>Its seed; null where nothing is trained or drawn.</summary>
    public long? Seed { get; init; }

    /// <summary>A trial of a sweep.</summary>
    /// <param name="spec">The sweep.</param>
    /// <param name="model">The base model.</param>
    /// <param name="method">The adapter method; null where nothing is trained.</param>
    /// <param name="data">What is taught; null where nothing is.</param>
    /// <param name="cot">How it is asked.</param>
    /// <param name="learningRate">The learning rate that counts; null where nothing is trained.</param>
    /// <param name="seed">The seed; null where nothing is trained or drawn.</param>
    public static TrialSpec Of(SweepSpec spec, ModelSpec model, MethodSpec? method, DataSpec? data, CotSpec cot, double? learningRate, long? seed) => new()
    {
        Model = model with { Load = spec.LoadOf(model) }, Method = method, Data = data is null ? null : spec.Resolved(data),
        Training = method is null || data is null ? null : spec.Training with { LearningRate = learningRate }, Cot = cot, Decoding = spec.Decoding, Evaluation = spec.Evaluation, Seed = seed,
    };
}
