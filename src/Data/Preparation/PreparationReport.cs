using AlpacaCot.Data.Masking;

namespace AlpacaCot.Data.Preparation;

/// <summary>What a preparation read, kept and refused. Rows count once here; tokens count as often as their row is taught.</summary>
public sealed record PreparationReport
{
    /// <summary>Each source of the spec, in its order.</summary>
    public required IReadOnlyList<SourceReport> Sources { get; init; }

    /// <summary>Rows that teach nothing and were left out, by cause.</summary>
    public required IReadOnlyList<RefusalReport> Refused { get; init; }

    /// <summary>Examples of the mix: kept rows times their weight.</summary>
    public required int Examples { get; init; }

    /// <summary>Kept rows whose answer lost its end to the cutoff.</summary>
    public required int Truncated { get; init; }

    /// <summary>Kept rows that equal an earlier one in instruction, input and output.</summary>
    public required int Duplicates { get; init; }

    /// <summary>The first of those, as <c>file:row</c>.</summary>
    public required IReadOnlyList<string> FirstDuplicates { get; init; }

    /// <summary>Kept rows that nearly equal an earlier one: at least 0.8 of their runs of five letters are the same (MinHash). Equal ones are not among them.</summary>
    public int NearDuplicates { get; init; }

    /// <summary>The first of those with the row that each nearly equals, as <c>file:row ≈ file:row</c>.</summary>
    public IReadOnlyList<string> FirstNearDuplicates { get; init; } = [];

    /// <summary>Kept rows by the language that their script tells.</summary>
    public IReadOnlyDictionary<string, int> Languages { get; init; } = new Dictionary<string, int>();

    /// <summary>Cues that were put into training prompts, and into how many of the kept rows each.</summary>
    public required IReadOnlyDictionary<string, int> Cues { get; init; }

    /// <summary>What is unusual about the files and their rows and no reason to leave them out, one sentence each: a header, escaped line breaks, empty instructions.</summary>
    public required IReadOnlyList<string> Remarks { get; init; }

    /// <summary>Tokens of all examples.</summary>
    public required long Tokens { get; init; }

    /// <summary>Tokens of all examples that carry loss.</summary>
    public required long SupervisedTokens { get; init; }

    /// <summary>Tokens of the longest row before any cut, refused ones included: a cutoff of so many cuts and refuses none.</summary>
    public required int LongestWholeTokens { get; init; }

    /// <summary>Tokens of the longest example.</summary>
    public required int LongestTokens { get; init; }

    /// <summary>Examples by length.</summary>
    public required IReadOnlyList<LengthBin> Lengths { get; init; }

    /// <summary>Rows read from all sources.</summary>
    public int RowsRead => Sources.Sum(source => source.RowsRead);

    /// <summary>Rows kept from all sources.</summary>
    public int RowsKept => Sources.Sum(source => source.RowsKept);

    /// <summary>Share of tokens that carry loss, 0 to 1.</summary>
    public double SupervisedShare => Tokens == 0 ? 0 : (double)SupervisedTokens / Tokens;
}

/// <summary>One source.</summary>
/// <param name="Name">The set, path or generator.</param>
/// <param name="Files">The names of its files; none for a generator.</param>
/// <param name="RowsRead">Rows in the source.</param>
/// <param name="RowsKept">Rows left after the limit and the refusals.</param>
/// <param name="Examples">Kept rows times the source's weight.</param>
public sealed record SourceReport(string Name, IReadOnlyList<string> Files, int RowsRead, int RowsKept, int Examples)
{
    /// <summary>Rows that are wrong and were left out, which are none of the rows read.</summary>
    public int Skipped { get; init; }
}

/// <summary>Refused rows of one cause.</summary>
/// <param name="Cause">Why.</param>
/// <param name="Count">How many.</param>
/// <param name="FirstRows">The first of them, as <c>file:row</c>.</param>
public sealed record RefusalReport(RefusalCause Cause, int Count, IReadOnlyList<string> FirstRows);

/// <summary>Examples longer than the previous bin and at most <paramref name="UpTo"/> tokens.</summary>
/// <param name="UpTo">The bin's greatest length.</param>
/// <param name="Examples">Examples in it.</param>
public sealed record LengthBin(int UpTo, int Examples);

/// <summary>A mix of data, ready to be trained on.</summary>
/// <param name="Examples">The examples in their shuffled order; a row of weight 2 is the same object twice.</param>
/// <param name="Report">What was read, kept and refused.</param>
/// <param name="Key">SHA-256 (hex) of everything that the examples follow from: data bytes, spec, tokenizer, template, cutoff, seed, rule and code versions.</param>
/// <param name="ContentHash">SHA-256 (hex) of the ids and labels of the distinct examples and of their order.</param>
/// <param name="FromCache">Whether the token cache held it.</param>
public sealed record PreparedData(IReadOnlyList<Example> Examples, PreparationReport Report, string Key, string ContentHash, bool FromCache);
