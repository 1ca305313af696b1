using AlpacaCot.Specs;
using AlpacaCot.Worker.Protocol;
using Orleans.CodeGeneration;

namespace AlpacaCot.Grains.Contracts;

/// <summary>A trial's model that answers requests. Key: <c>{experiment}/{sweep}/{trial}</c>. Trials of one base share the slot on which it is loaded.</summary>
[Alias("alpaca.IModelServerGrain"), Version(1)]
public interface IModelServerGrain : IGrainWithStringKey
{
    /// <summary>Continues a prompt; tokens come as they are made. The first request loads the model.</summary>
    [Alias("Generate")]
    IAsyncEnumerable<TokenChunk> GenerateAsync(GenerateRequest request, CancellationToken cancellationToken = default);

    /// <summary>Ends the worker behind it, and with it the other trials' models on the same base.</summary>
    [Alias("Unload")]
    Task UnloadAsync();
}

/// <summary>A request to a model server.</summary>
[GenerateSerializer, Immutable, Alias("alpaca.GenerateRequest.v2")]
public sealed record GenerateRequest
{
    /// <summary>The instruction, or the raw text.</summary>
    [Id(0)] public required string Prompt { get; init; }

    /// <summary>Take the prompt as it is, without the template that trained the model.</summary>
    [Id(1)] public bool Raw { get; init; }

    /// <summary>How to decode, as a sweep's section <c>decoding</c> says it; greedy where it is left out.</summary>
    [Id(2)] public DecodingSpec Decoding { get; init; } = new();

    /// <summary>Seed of the sampler.</summary>
    [Id(3)] public long Seed { get; init; }

    /// <summary>How many answers: so many draws, or the best so many beams.</summary>
    [Id(4)] public int Answers { get; init; } = 1;

    /// <summary>Where it is given, each token's log-probability is told, and those of so many most likely ones beside it.</summary>
    [Id(5)] public int? Logprobs { get; init; }
}

/// <summary>New tokens of a request.</summary>
/// <param name="Sequence">Counts the request's chunks from 0.</param>
/// <param name="Ids">New token ids.</param>
/// <param name="Text">Text that may be shown now.</param>
/// <param name="FinishReason"><c>stop</c>, <c>length</c>, <c>cancelled</c> or <c>error</c>; null while the answer goes on.</param>
/// <param name="Error">What went wrong, for <c>error</c>.</param>
/// <param name="Answer">Which of the request's answers, from 0.</param>
/// <param name="More">Whether, though this answer has ended, others of the request are still to come.</param>
/// <param name="Logprobs">How likely the tokens were, where that was asked for.</param>
/// <param name="Score">A beam's score, with the last of its tokens.</param>
[GenerateSerializer, Immutable, Alias("alpaca.TokenChunk.v2")]
public sealed record TokenChunk(
    [property: Id(0)] long Sequence, [property: Id(1)] int[] Ids, [property: Id(2)] string Text, [property: Id(3)] string? FinishReason, [property: Id(4)] string? Error,
    [property: Id(5)] int Answer = 0, [property: Id(6)] bool More = false, [property: Id(7)] WrittenToken[]? Logprobs = null, [property: Id(8)] double? Score = null)
{
    /// <summary>Whether nothing of the request comes after this.</summary>
    public bool IsLast => FinishReason is not null && !More;

    /// <summary>The finish reason of a slot that does not serve the model that is asked for.</summary>
    public const string NotServed = "not-served";
}
