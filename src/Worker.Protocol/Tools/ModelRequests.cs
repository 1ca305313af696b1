namespace AlpacaCot.Worker.Protocol.Tools;

/// <summary>Fetches a model or an adapter into the home's models.</summary>
public sealed record AddModelRequest : ToolRequest
{
    /// <summary>owner/name on a hub, or the address of a file.</summary>
    public required string Reference { get; init; }

    /// <summary>What it is called here; its own name where null.</summary>
    public string? Name { get; init; }

    /// <summary>Branch, tag or commit; main where null.</summary>
    public string? Revision { get; init; }

    /// <summary>Patterns of the files to take; none takes configuration, tokenizer and weights.</summary>
    public IReadOnlyList<string> Include { get; init; } = [];

    /// <summary>What the content of an address must hash to, or null.</summary>
    public string? Sha256 { get; init; }

    /// <summary>The hub's address; the environment's where null.</summary>
    public string? Endpoint { get; init; }

    /// <summary>Replace a model that is there already.</summary>
    public bool Force { get; init; }
}

/// <summary>Converts a model between formats.</summary>
public sealed record ConvertModelRequest : ToolRequest
{
    /// <summary>A llama2.c .bin or a .gguf file, or a model folder.</summary>
    public required string In { get; init; }

    /// <summary>The directory to write, or a file that ends in .gguf.</summary>
    public required string Out { get; init; }

    /// <summary>The tokenizer that belongs to it, or null.</summary>
    public string? Tokenizer { get; init; }

    /// <summary>The type of its values; as stored where null.</summary>
    public string? Dtype { get; init; }

    /// <summary>Replace a model that is there already.</summary>
    public bool Force { get; init; }
}

/// <summary>Trains a small decoder from scratch.</summary>
public sealed record PretrainRequest : ToolRequest
{
    /// <summary>The task of sums that are generated.</summary>
    public const string Arithmetic = "arithmetic";

    /// <summary>The task of given text.</summary>
    public const string GivenText = "text";

    /// <summary>The model directory to write.</summary>
    public required string Out { get; init; }

    /// <summary>What is learnt.</summary>
    public string Task { get; init; } = Arithmetic;

    /// <summary>Text files.</summary>
    public IReadOnlyList<string> Text { get; init; } = [];

    /// <summary>The model to go on with; null begins from scratch.</summary>
    public string? From { get; init; }

    /// <summary>Form of the sums; direct where null.</summary>
    public string? Style { get; init; }

    /// <summary>Appended to every other question of the sums, or null.</summary>
    public string? Cue { get; init; }

    /// <summary>Most digits of the operands; 3 where null.</summary>
    public int? Digits { get; init; }

    /// <summary>Size of the vocabulary; by the task where null.</summary>
    public int? Vocab { get; init; }

    /// <summary>Width; 128 where null.</summary>
    public int? Hidden { get; init; }

    /// <summary>Blocks; 3 where null.</summary>
    public int? Layers { get; init; }

    /// <summary>Attention heads; 4 where null.</summary>
    public int? Heads { get; init; }

    /// <summary>Width of the MLP; twice the width where null.</summary>
    public int? Intermediate { get; init; }

    /// <summary>Steps.</summary>
    public int Steps { get; init; } = 600;

    /// <summary>Steps of them in which the embedding and the head alone are trained.</summary>
    public int EmbeddingsFirst { get; init; }

    /// <summary>A tokenizer to take instead of training one, or null.</summary>
    public string? Tokenizer { get; init; }

    /// <summary>Rows in a step.</summary>
    public int BatchSize { get; init; } = 64;

    /// <summary>Peak learning rate.</summary>
    public double LearningRate { get; init; } = 2e-3;

    /// <summary>Seed.</summary>
    public long Seed { get; init; }

    /// <summary>Threads for kernels; all processors where null.</summary>
    public int? Threads { get; init; }

    /// <summary>Replace a model that is there already.</summary>
    public bool Force { get; init; }
}

/// <summary>Gives a model a larger tokenizer.</summary>
public sealed record ExpandVocabularyRequest : ToolRequest
{
    /// <summary>A model directory.</summary>
    public required string In { get; init; }

    /// <summary>The model directory to write.</summary>
    public required string Out { get; init; }

    /// <summary>The larger tokenizer.</summary>
    public required string Tokenizer { get; init; }

    /// <summary>How new rows begin; by the pieces of their text where null.</summary>
    public string? Init { get; init; }

    /// <summary>Replace a model that is there already.</summary>
    public bool Force { get; init; }
}

/// <summary>Shows a model.</summary>
public sealed record ShowModelRequest : ToolRequest
{
    /// <summary>A model directory or file.</summary>
    public required string Model { get; init; }
}

/// <summary>Compares the logits of two models.</summary>
public sealed record VerifyModelsRequest : ToolRequest
{
    /// <summary>A model directory or file.</summary>
    public required string First { get; init; }

    /// <summary>The other one.</summary>
    public required string Second { get; init; }

    /// <summary>Largest difference relative to the largest logit; null only tells it.</summary>
    public double? Tolerance { get; init; }
}
