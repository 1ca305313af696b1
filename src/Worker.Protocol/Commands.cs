using System.Text.Json.Serialization;

namespace AlpacaCot.Worker.Protocol;

/// <summary>What a supervisor tells a worker.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "command")]
[JsonDerivedType(typeof(StartCommand), "start")]
[JsonDerivedType(typeof(CancelCommand), "cancel")]
[JsonDerivedType(typeof(GenerateCommand), "generate")]
[JsonDerivedType(typeof(StopCommand), "stop")]
public abstract record WorkerCommand;

/// <summary>Starts one job. A worker has one job at a time.</summary>
/// <param name="Assignment">Name of the assignment, repeated in every event about it.</param>
/// <param name="Fence">Its fence, repeated in every event about it.</param>
/// <param name="Job">What to do.</param>
public sealed record StartCommand(string Assignment, long Fence, WorkerJob Job) : WorkerCommand;

/// <summary>Ends the running job at the next step; it answers with <see cref="FailedEvent"/> of kind Cancelled.</summary>
public sealed record CancelCommand(string Assignment, long Fence) : WorkerCommand;

/// <summary>Asks a running <see cref="ServeJob"/> for a continuation; tokens arrive as <see cref="TokensEvent"/>.</summary>
/// <param name="Request">Name of the request, repeated in its events.</param>
/// <param name="Prompt">The instruction (a template is applied), or the raw text where <paramref name="Raw"/> is set.</param>
/// <param name="Raw">Take the prompt as it is, without a template.</param>
/// <param name="Decoding">How to decode.</param>
public sealed record GenerateCommand(string Request, string Prompt, bool Raw, DecodingSettings Decoding) : WorkerCommand;

/// <summary>Ends the worker process.</summary>
public sealed record StopCommand : WorkerCommand;

/// <summary>How text is decoded.</summary>
public sealed record DecodingSettings
{
    /// <summary><c>greedy</c> or <c>sample</c>.</summary>
    public string Strategy { get; init; } = "greedy";

    /// <summary>Most new tokens.</summary>
    public int MaxNewTokens { get; init; } = 128;

    /// <summary>Divides the logits before sampling.</summary>
    public double Temperature { get; init; } = 1.0;

    /// <summary>Keeps the k most likely tokens; 0 keeps all.</summary>
    public int TopK { get; init; }

    /// <summary>Keeps the smallest set of tokens of this mass.</summary>
    public double TopP { get; init; } = 1.0;

    /// <summary>Divides positive and multiplies negative logits of tokens seen before; 1 is off.</summary>
    public double RepetitionPenalty { get; init; } = 1.0;

    /// <summary>Texts that end the answer.</summary>
    public IReadOnlyList<string> Stop { get; init; } = [];

    /// <summary>Seed of the sampler.</summary>
    public long Seed { get; init; }
}
