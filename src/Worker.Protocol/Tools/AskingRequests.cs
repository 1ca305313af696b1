using AlpacaCot.Specs;
using AlpacaCot.Specs.CommandLine;

namespace AlpacaCot.Worker.Protocol.Tools;

/// <summary>Trains one adapter on one base.</summary>
public sealed record TrainAdapterRequest : ToolRequest
{
    /// <summary>The base's directory, or its name under the home's models.</summary>
    public required string Model { get; init; }

    /// <summary>The adapter directory to write.</summary>
    public required string Out { get; init; }

    /// <summary>Method, data and settings.</summary>
    public required SingleTraining Training { get; init; }

    /// <summary>Threads for kernels; all processors where null.</summary>
    public int? Threads { get; init; }

    /// <summary>Replace an adapter that is there already.</summary>
    public bool Force { get; init; }
}

/// <summary>Runs suites on a model.</summary>
public sealed record EvaluateModelRequest : ToolRequest
{
    /// <summary>The base's directory, or its name under the home's models.</summary>
    public required string Model { get; init; }

    /// <summary>The adapter's directory; null for the bare base.</summary>
    public string? Adapter { get; init; }

    /// <summary>The suites.</summary>
    public required IReadOnlyList<EvaluationSpec> Evaluation { get; init; }

    /// <summary>How answers are decoded.</summary>
    public required DecodingSpec Decoding { get; init; }

    /// <summary>Seed of the sampler.</summary>
    public long Seed { get; init; }

    /// <summary>Appended to each instruction, or null.</summary>
    public string? Cue { get; init; }

    /// <summary>The prompt template, where the adapter brings none.</summary>
    public string? Template { get; init; }

    /// <summary>The language of the prompt around an instruction; the template's own where null.</summary>
    public string? PromptLanguage { get; init; }

    /// <summary>How the base is held; as stored where null.</summary>
    public string? Precision { get; init; }

    /// <summary>Folder for result files, or null.</summary>
    public string? Out { get; init; }

    /// <summary>Threads for kernels; all processors where null.</summary>
    public int? Threads { get; init; }
}

/// <summary>Continues a prompt.</summary>
public sealed record ContinuePromptRequest : ToolRequest
{
    /// <summary>The base's directory, or its name under the home's models.</summary>
    public required string Model { get; init; }

    /// <summary>The prompt; an instruction where a template applies.</summary>
    public required string Prompt { get; init; }

    /// <summary>The adapter's directory; null for the bare base.</summary>
    public string? Adapter { get; init; }

    /// <summary>Take the prompt as it is, without a template.</summary>
    public bool Raw { get; init; }

    /// <summary>Render it by the model's own chat template.</summary>
    public bool Chat { get; init; }

    /// <summary>The chat template of a model that brings none.</summary>
    public string? ChatTemplate { get; init; }

    /// <summary>A system message in front of the prompt, with a chat template.</summary>
    public string? System { get; init; }

    /// <summary>How it is decoded.</summary>
    public required DecodingSpec Decoding { get; init; }

    /// <summary>How many answers.</summary>
    public int Answers { get; init; } = 1;

    /// <summary>Tell each token's log-probability, and of so many likely ones beside it; null tells none.</summary>
    public int? Logprobs { get; init; }

    /// <summary>Seed of the sampler.</summary>
    public long Seed { get; init; }

    /// <summary>How the base is held; as stored where null.</summary>
    public string? Precision { get; init; }

    /// <summary>Threads for kernels; all processors where null.</summary>
    public int? Threads { get; init; }
}
