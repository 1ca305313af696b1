namespace AlpacaCot.Inference;

/// <summary>What happens to a prompt that does not fit the model's window together with its new tokens.</summary>
public enum PromptOverflow
{
    /// <summary>The request is refused with a clear error.</summary>
    Refuse,

    /// <summary>The prompt keeps its last (window − max new tokens) ids, as lm-eval does; the beginning-of-sequence token goes too.</summary>
    TruncateLeft,
}

/// <summary>One continuation to generate.</summary>
/// <param name="Id">The caller's name of the request.</param>
/// <param name="Prompt">The prompt's token ids; at least one.</param>
/// <param name="Member">The adapter to use (index in the bank); -1 is the bare base.</param>
/// <param name="Decoding">How to decode.</param>
/// <param name="Overflow">What to do with a prompt that is too long.</param>
public sealed record GenerationRequest(
    string Id, int[] Prompt, int Member, DecodingSettings Decoding, PromptOverflow Overflow = PromptOverflow.Refuse);

/// <summary>Why a generation ended.</summary>
public static class FinishReasons
{
    /// <summary>End of sequence, a stop token or a stop string.</summary>
    public const string Stop = "stop";

    /// <summary>The limit of new tokens, or the end of the model's window.</summary>
    public const string Length = "length";

    /// <summary>The caller cancelled.</summary>
    public const string Cancelled = "cancelled";
}

/// <summary>Token counts of a request so far.</summary>
/// <param name="PromptTokens">Tokens of the prompt.</param>
/// <param name="CompletionTokens">New tokens.</param>
public readonly record struct TokenUsage(int PromptTokens, int CompletionTokens);

/// <summary>What a stream shows of one engine step; of a beam search there is one chunk for each answer, at its end.</summary>
/// <param name="Seq">Number of the chunk, from 0 without a gap.</param>
/// <param name="Ids">The new ids of this chunk.</param>
/// <param name="Text">The text that may be shown now: never half a character, never the beginning of a stop string.</param>
/// <param name="FinishReason">Null until the last chunk of the answer.</param>
/// <param name="Usage">Token counts so far.</param>
/// <param name="Answer">Which of the request's answers, from 0.</param>
/// <param name="Logprobs">One for each id, where they were asked for.</param>
/// <param name="Score">A beam's score, with its last chunk.</param>
public sealed record TokenChunk(
    long Seq, int[] Ids, string Text, string? FinishReason, TokenUsage Usage, int Answer = 0, IReadOnlyList<TokenLogprob>? Logprobs = null, double? Score = null);

/// <summary>A continuation to score after a context.</summary>
/// <param name="Context">Ids before the continuation; at least one (the prefix token where the text is empty).</param>
/// <param name="Continuation">Ids to score; at least one.</param>
/// <param name="Member">The adapter to use; -1 is the bare base.</param>
public sealed record ScoreRequest(int[] Context, int[] Continuation, int Member = -1);

/// <summary>The log-likelihood of a continuation, in nats.</summary>
/// <param name="Sum">Σ log p over the continuation.</param>
/// <param name="IsGreedy">Every token of the continuation is the most likely one at its place.</param>
/// <param name="Tokens">log p of each token.</param>
/// <param name="TruncatedTokens">Ids cut from the left because the request was longer than the window.</param>
public sealed record Score(double Sum, bool IsGreedy, IReadOnlyList<double> Tokens, int TruncatedTokens);

/// <summary>Limits of an engine.</summary>
public sealed record EngineOptions
{
    /// <summary>Most rows that run at once: one for each answer, or beam, of each request. A single request with more runs alone.</summary>
    public int MaxBatch { get; init; } = 32;

    /// <summary>Most tokens of one packed forward pass when prompts are read (a single longer prompt is read alone).</summary>
    public int MaxPrefillTokens { get; init; } = 4096;

    /// <summary>Most tokens of all running sequences together, prompts and answers at their longest: bounds the KV cache. A single longer one runs alone.</summary>
    public int MaxCacheTokens { get; init; } = 65536;

    /// <summary>Most requests that may wait; more are refused.</summary>
    public int MaxQueue { get; init; } = 1_000_000;

    /// <summary>The model's window in tokens; null takes the model's own.</summary>
    public int? MaxLength { get; init; }

    /// <summary>Scores each request's whole context on its own, equal ones together: the plain way that sharing beginnings must equal.</summary>
    internal bool WholeRows { get; init; }

    /// <summary>Told on the engine's thread before each of its steps and each pass of scoring: a sign that it works.</summary>
    public Action? Stepping { get; init; }
}
