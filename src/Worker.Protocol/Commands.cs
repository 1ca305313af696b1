using System.Text.Json.Serialization;
using AlpacaCot.Specs;

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
/// <param name="Seed">Seed of the sampler.</param>
/// <param name="Adapter">The directory of the adapter that answers; null for the bare base. It stays loaded for the requests that follow.</param>
/// <param name="Cue">Appended to the instruction, or null.</param>
/// <param name="Template">The template that it is asked through; null is the one stored beside the adapter or the model.</param>
/// <param name="Answers">How many answers: so many draws, or the best so many beams.</param>
/// <param name="Logprobs">Where it is given, each token's log-probability is told, and those of so many most likely ones beside it.</param>
public sealed record GenerateCommand(
    string Request, string Prompt, bool Raw, DecodingSpec Decoding, long Seed = 0, string? Adapter = null, string? Cue = null, string? Template = null, int Answers = 1, int? Logprobs = null) : WorkerCommand;

/// <summary>Ends the worker process.</summary>
public sealed record StopCommand : WorkerCommand;
