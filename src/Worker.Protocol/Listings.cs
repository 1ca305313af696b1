namespace AlpacaCot.Worker.Protocol;

/// <summary>A model directory of the home, as <c>list models</c> shows it.</summary>
/// <param name="Name">Its name under the home's models.</param>
/// <param name="Path">Where it is.</param>
/// <param name="ModelType">Its family by <c>config.json</c>; empty where that names none.</param>
/// <param name="Supported">Whether the family is built.</param>
/// <param name="Tokenizer">Whether a tokenizer lies beside it.</param>
/// <param name="Bytes">The sizes of its files.</param>
/// <param name="Problem">Why it cannot be read, or null.</param>
public sealed record ListedModel(string Name, string Path, string ModelType, bool Supported, bool Tokenizer, long Bytes, string? Problem = null);

/// <summary>A data set that a sweep can name.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Language">Its language; empty where it is not known.</param>
/// <param name="About">What it is.</param>
/// <param name="Present">Whether its files are there.</param>
/// <param name="Files">The files that are there.</param>
/// <param name="Expected">The files that hold it, under a data sets' folder; the first that are there count.</param>
public sealed record ListedData(string Name, string Language, string About, bool Present, IReadOnlyList<string> Files, IReadOnlyList<string> Expected)
{
    /// <summary>One task (<c>TS</c>) or several (<c>MT</c>); empty where it is not known.</summary>
    public string Task { get; init; } = "";

    /// <summary>How it came to be (<c>HG, SI, MIX, COL</c>); empty where it is not known.</summary>
    public string Generation { get; init; } = "";

    /// <summary>Its rows as published; null where no count was.</summary>
    public long? Rows { get; init; }

    /// <summary>Its licence; empty where it is not known.</summary>
    public string Licence { get; init; } = "";

    /// <summary>Where it comes from.</summary>
    public string Source { get; init; } = "";
}

/// <summary>A prompt template.</summary>
/// <param name="Name">Its name.</param>
/// <param name="PromptWithInput">The prompt of a record with an input.</param>
/// <param name="PromptWithoutInput">The prompt of a record without one.</param>
/// <param name="ResponsePrefix">What stands before every answer.</param>
/// <param name="Sha256">Hash over everything that changes a prompt or an answer.</param>
public sealed record ListedTemplate(string Name, string PromptWithInput, string PromptWithoutInput, string ResponsePrefix, string Sha256);
