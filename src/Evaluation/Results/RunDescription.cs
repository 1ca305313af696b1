using AlpacaCot.Tokenizers;

namespace AlpacaCot.Evaluation.Results;

/// <summary>Which model was asked, and how: what a results file says beside the figures.</summary>
public sealed record RunDescription
{
    /// <summary>Folder or hub id of the model; names the results' folder.</summary>
    public required string ModelName { get; init; }

    /// <summary>Arguments of the model as one line, <c>pretrained=…,peft=…,dtype=bfloat16</c>.</summary>
    public string ModelArguments { get; init; } = "";

    /// <summary>Number of parameters, base and adapter.</summary>
    public long Parameters { get; init; }

    /// <summary>The base's type in PyTorch's name, <c>torch.bfloat16</c>.</summary>
    public string Dtype { get; init; } = "";

    /// <summary>Device in PyTorch's name.</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>Tokenizer of the model, for its special tokens.</summary>
    public ITokenizer? Tokenizer { get; init; }

    /// <summary>The model's window in tokens.</summary>
    public int MaxLength { get; init; }

    /// <summary>The template of the prompts as text, or null where questions were asked as they are.</summary>
    public string? Template { get; init; }

    /// <summary>The thinking cue that was appended, or null.</summary>
    public string? Cue { get; init; }
}
