namespace AlpacaCot.Worker.Protocol.Tools;

/// <summary>Trains a tokenizer.</summary>
public sealed record TrainTokenizerRequest : ToolRequest
{
    /// <summary>The kind of GPT-2's tokenizers.</summary>
    public const string ByteBpe = "byte-bpe";

    /// <summary>The kind of LLaMA's.</summary>
    public const string SentencePiece = "sentencepiece";

    /// <summary>The folder to write.</summary>
    public required string Out { get; init; }

    /// <summary>Text files.</summary>
    public IReadOnlyList<string> Text { get; init; } = [];

    /// <summary>What is trained.</summary>
    public string Kind { get; init; } = ByteBpe;

    /// <summary>Number of ids.</summary>
    public int Vocab { get; init; } = 8000;

    /// <summary>Let tokens hold several digits.</summary>
    public bool WholeNumbers { get; init; }

    /// <summary>Learn from so many lines; all where null.</summary>
    public int? Lines { get; init; }

    /// <summary>Seed of the draw of lines.</summary>
    public long Seed { get; init; }

    /// <summary>Replace a tokenizer that is there already.</summary>
    public bool Force { get; init; }
}

/// <summary>Adds the pieces of one SentencePiece model to another.</summary>
public sealed record ExtendTokenizerRequest : ToolRequest
{
    /// <summary>The folder to write.</summary>
    public required string Out { get; init; }

    /// <summary>The tokenizer to extend.</summary>
    public required string Tokenizer { get; init; }

    /// <summary>Where the pieces come from.</summary>
    public required string Pieces { get; init; }

    /// <summary>Take only pieces of Chinese characters alone.</summary>
    public bool Han { get; init; }

    /// <summary>Replace a tokenizer that is there already.</summary>
    public bool Force { get; init; }
}

/// <summary>Shows how several tokenizers split the same text.</summary>
public sealed record CompareTokenizersRequest : ToolRequest
{
    /// <summary>Model directories or tokenizer files.</summary>
    public required IReadOnlyList<string> Tokenizers { get; init; }

    /// <summary>Text files to count on.</summary>
    public IReadOnlyList<string> Text { get; init; } = [];

    /// <summary>A text whose pieces are shown, or null.</summary>
    public string? Show { get; init; }
}
