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
[GenerateSerializer, Immutable, Alias("alpaca.GenerateRequest.v1")]
public sealed record GenerateRequest
{
    /// <summary>The instruction, or the raw text.</summary>
    [Id(0)] public required string Prompt { get; init; }

    /// <summary>Take the prompt as it is, without the template that trained the model.</summary>
    [Id(1)] public bool Raw { get; init; }

    /// <summary>Most new tokens.</summary>
    [Id(2)] public int MaxNewTokens { get; init; } = 128;

    /// <summary>0 is greedy.</summary>
    [Id(3)] public double Temperature { get; init; }

    /// <summary>Keeps the smallest set of tokens of this mass.</summary>
    [Id(4)] public double TopP { get; init; } = 1;

    /// <summary>Keeps the k most likely tokens; 0 keeps all.</summary>
    [Id(5)] public int TopK { get; init; }

    /// <summary>Seed of the sampler.</summary>
    [Id(6)] public long Seed { get; init; }

    /// <summary>Texts that end the answer.</summary>
    [Id(7)] public string[] Stop { get; init; } = [];

    /// <summary>Divides positive and multiplies negative logits of tokens seen before; 1 is off.</summary>
    [Id(8)] public double RepetitionPenalty { get; init; } = 1;
}

/// <summary>New tokens of a request.</summary>
/// <param name="Sequence">Counts the request's chunks from 0.</param>
/// <param name="Ids">New token ids.</param>
/// <param name="Text">Text that may be shown now.</param>
/// <param name="FinishReason"><c>stop</c>, <c>length</c>, <c>cancelled</c> or <c>error</c>; null while it goes on.</param>
/// <param name="Error">What went wrong, for <c>error</c>.</param>
[GenerateSerializer, Immutable, Alias("alpaca.TokenChunk.v1")]
public sealed record TokenChunk(
    [property: Id(0)] long Sequence, [property: Id(1)] int[] Ids, [property: Id(2)] string Text, [property: Id(3)] string? FinishReason, [property: Id(4)] string? Error)
{
    /// <summary>The finish reason of a slot that does not serve the model that is asked for.</summary>
    public const string NotServed = "not-served";
}
