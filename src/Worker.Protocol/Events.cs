using System.Text.Json;
using System.Text.Json.Serialization;
using AlpacaCot.Specs;

namespace AlpacaCot.Worker.Protocol;

/// <summary>What a worker tells its supervisor. Events about a job carry its assignment and fence.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "event")]
[JsonDerivedType(typeof(HelloEvent), "hello")]
[JsonDerivedType(typeof(StartedEvent), "started")]
[JsonDerivedType(typeof(ProgressEvent), "progress")]
[JsonDerivedType(typeof(HeartbeatEvent), "heartbeat")]
[JsonDerivedType(typeof(CheckpointEvent), "checkpoint")]
[JsonDerivedType(typeof(TrainedEvent), "trained")]
[JsonDerivedType(typeof(ResultEvent), "result")]
[JsonDerivedType(typeof(OutputEvent), "output")]
[JsonDerivedType(typeof(RemarkEvent), "remark")]
[JsonDerivedType(typeof(TokensEvent), "tokens")]
[JsonDerivedType(typeof(EvaluationFailedEvent), "evaluation_failed")]
[JsonDerivedType(typeof(FailedEvent), "failed")]
[JsonDerivedType(typeof(DoneEvent), "done")]
public abstract record WorkerEvent;

/// <summary>An event of a job.</summary>
internal interface IJobEvent
{
    string Assignment { get; }

    long Fence { get; }
}

/// <summary>The first event: which version the worker speaks and which process it is.</summary>
public sealed record HelloEvent(int Version, int ProcessId) : WorkerEvent;

/// <summary>The job has begun.</summary>
public sealed record StartedEvent(string Assignment, long Fence) : WorkerEvent, IJobEvent;

/// <summary>How far one member (or the job, where <paramref name="Member"/> is null) has come.</summary>
/// <param name="Assignment">The assignment.</param>
/// <param name="Fence">Its fence.</param>
/// <param name="Member">The training it is about.</param>
/// <param name="Phase"><c>prepare</c>, <c>train</c>, <c>evaluate</c>, …</param>
/// <param name="Step">Steps done.</param>
/// <param name="Total">Steps in all.</param>
/// <param name="Loss">Training loss of the step, where there is one.</param>
/// <param name="TokensPerSecond">Throughput of the pack, where it is known.</param>
/// <param name="Note">A few words for people.</param>
public sealed record ProgressEvent(
    string Assignment, long Fence, string? Member, string Phase, long Step, long Total, double? Loss = null, double? TokensPerSecond = null, string? Note = null) : WorkerEvent, IJobEvent;

/// <summary>
/// The thread that works on the job has come to its next piece. Nobody sends it on the thread's behalf: a worker whose work stands still is silent, whatever the rest of it does.
/// </summary>
/// <param name="Assignment">The assignment.</param>
/// <param name="Fence">Its fence.</param>
/// <param name="Phase">What the thread does now; see <see cref="WorkPhases"/>.</param>
public sealed record HeartbeatEvent(string Assignment, long Fence, string Phase) : WorkerEvent;

/// <summary>What a working thread does, as its heartbeats say it.</summary>
public static class WorkPhases
{
    /// <summary>Reads a base.</summary>
    public const string Load = "load";

    /// <summary>Reads and tokenises rows, or the items of a suite.</summary>
    public const string Prepare = "prepare";

    /// <summary>Takes training steps.</summary>
    public const string Train = "train";

    /// <summary>Writes a checkpoint or an adapter.</summary>
    public const string Save = "save";

    /// <summary>Takes steps of the engine: a token each, or a batch of prompts.</summary>
    public const string Generate = "generate";

    /// <summary>Scores answers and writes results.</summary>
    public const string Score = "score";
}

/// <summary>A pack's checkpoint is whole on disk.</summary>
public sealed record CheckpointEvent(string Assignment, long Fence, string Uri, long Step, string Sha256) : WorkerEvent, IJobEvent;

/// <summary>A member has been trained; its adapter directory is whole on disk.</summary>
/// <param name="Assignment">The assignment.</param>
/// <param name="Fence">Its fence.</param>
/// <param name="Member">The member.</param>
/// <param name="AdapterDirectory">Where its adapter is.</param>
/// <param name="Sha256">Hash of its weights.</param>
/// <param name="Steps">Optimiser steps.</param>
/// <param name="FinalLoss">Loss of the last step.</param>
/// <param name="Seconds">Time of the pack's training in this attempt.</param>
/// <param name="Tokens">Real tokens that it was trained on.</param>
public sealed record TrainedEvent(
    string Assignment, long Fence, string Member, string AdapterDirectory, string Sha256, long Steps, double FinalLoss, double Seconds, long Tokens) : WorkerEvent, IJobEvent;

/// <summary>One trial has answered one evaluation.</summary>
/// <param name="Assignment">The assignment.</param>
/// <param name="Fence">Its fence.</param>
/// <param name="Trial">The trial.</param>
/// <param name="Evaluation">The evaluation's name in the sweep.</param>
/// <param name="Metrics">Metric to value.</param>
/// <param name="Items">Items asked.</param>
/// <param name="ResultFile">The result file in lm-eval's schema.</param>
/// <param name="Seconds">Time that it took.</param>
/// <param name="PromptsCut">Prompts that were longer than the model's positions and lost their beginning.</param>
public sealed record ResultEvent(
    string Assignment, long Fence, string Trial, string Evaluation, IReadOnlyDictionary<string, double> Metrics, int Items, string? ResultFile, double Seconds, int PromptsCut = 0) : WorkerEvent, IJobEvent;

/// <summary>What a one-shot job answers, as one JSON document, with the text that people read.</summary>
public sealed record OutputEvent(string Assignment, long Fence, JsonElement Document, string? Text = null) : WorkerEvent, IJobEvent;

/// <summary>Something that the user of a one-shot job should know, though the work goes on: one line.</summary>
public sealed record RemarkEvent(string Assignment, long Fence, string Text) : WorkerEvent, IJobEvent;

/// <summary>New tokens of all requests of one engine step.</summary>
public sealed record TokensEvent(string Assignment, long Fence, IReadOnlyList<RequestTokens> Requests) : WorkerEvent, IJobEvent;

/// <summary>New tokens of one request.</summary>
/// <param name="Request">The request.</param>
/// <param name="Sequence">Counts the request's events from 0.</param>
/// <param name="Ids">New token ids.</param>
/// <param name="Text">Text that may be shown now.</param>
/// <param name="FinishReason"><c>stop</c>, <c>length</c>, <c>cancelled</c> or <c>error</c>; null while the answer goes on.</param>
/// <param name="Error">What went wrong, for <c>error</c>.</param>
/// <param name="Answer">Which of the request's answers, from 0.</param>
/// <param name="More">Whether, though this answer has ended, others of the request are still to come.</param>
/// <param name="Logprobs">How likely the tokens were, where that was asked for.</param>
/// <param name="Score">A beam's score, with the last of its tokens.</param>
public sealed record RequestTokens(
    string Request, long Sequence, IReadOnlyList<int> Ids, string Text, string? FinishReason, string? Error = null, int Answer = 0, bool More = false,
    IReadOnlyList<WrittenToken>? Logprobs = null, double? Score = null)
{
    /// <summary>Whether nothing of the request comes after this.</summary>
    [JsonIgnore]
    public bool IsLast => FinishReason is not null && !More;
}

/// <summary>How likely a token was, by the scores that it was chosen from.</summary>
/// <param name="Id">The token.</param>
/// <param name="Token">Its text in the vocabulary.</param>
/// <param name="Logprob">Its log-probability, in nats.</param>
/// <param name="Top">The most likely tokens at its place, the likeliest first.</param>
public sealed record WrittenToken(int Id, string Token, double Logprob, IReadOnlyList<WrittenToken> Top);

/// <summary>One evaluation of one trial cannot be had; the job goes on with the others.</summary>
public sealed record EvaluationFailedEvent(string Assignment, long Fence, string Trial, string Evaluation, FailureKind Kind, string Message) : WorkerEvent, IJobEvent;

/// <summary>The job failed; the message is one line for people. A member is named where only it failed.</summary>
public sealed record FailedEvent(string Assignment, long Fence, FailureKind Kind, string Message, string? Member = null) : WorkerEvent, IJobEvent;

/// <summary>The job is done.</summary>
public sealed record DoneEvent(string Assignment, long Fence, double Seconds, long PeakMemoryBytes) : WorkerEvent, IJobEvent;
