using AlpacaCot.Specs;

namespace AlpacaCot.Worker.Protocol.Tools;

/// <summary>Shows rows as they are trained.</summary>
public sealed record ShowDataRequest : ToolRequest
{
    /// <summary>Most tokens of a row where nothing says.</summary>
    public const int DefaultCutoff = 512;

    /// <summary>The mix.</summary>
    public required DataSpec Data { get; init; }

    /// <summary>A model directory or tokenizer file.</summary>
    public required string Model { get; init; }

    /// <summary>Mixes whose rows it is matched with.</summary>
    public IReadOnlyList<DataSpec> Matched { get; init; } = [];

    /// <summary>How many rows to show.</summary>
    public int Rows { get; init; } = 3;

    /// <summary>Most tokens of a row; a sweep's where null, else <see cref="DefaultCutoff"/>.</summary>
    public int? CutoffLen { get; init; }

    /// <summary>Seed of mixing and order; a sweep's first where null, else 0.</summary>
    public long? Seed { get; init; }

    /// <summary>Whether the prompt's tokens are learnt too.</summary>
    public bool TrainOnPrompt { get; init; }

    /// <summary>What relative paths count from; the working folder where null.</summary>
    public string? BaseDirectory { get; init; }
}

/// <summary>Shows the tokens of rows one by one.</summary>
public sealed record InspectDataRequest : ToolRequest
{
    /// <summary>The data.</summary>
    public required DataSpec Data { get; init; }

    /// <summary>A model directory or tokenizer file.</summary>
    public required string Model { get; init; }

    /// <summary>How many rows to show.</summary>
    public int Rows { get; init; } = 3;

    /// <summary>Most tokens of a row.</summary>
    public int CutoffLen { get; init; } = ShowDataRequest.DefaultCutoff;

    /// <summary>Seed of mixing and order.</summary>
    public long Seed { get; init; }

    /// <summary>Where a page is written, or null.</summary>
    public string? Html { get; init; }
}

/// <summary>Lists the data sets that can be named.</summary>
public sealed record ListDataRequest : ToolRequest
{
    /// <summary>Only sets of this language, or null.</summary>
    public string? Language { get; init; }

    /// <summary>Only sets of one task or of several, or null.</summary>
    public string? Task { get; init; }

    /// <summary>Only sets that came to be so, or null.</summary>
    public string? Generation { get; init; }

    /// <summary>Only sets whose files are there.</summary>
    public bool Present { get; init; }
}

/// <summary>Brings a data set into the home.</summary>
public sealed record AddDataRequest : ToolRequest
{
    /// <summary>A file or folder, an address, owner/name on a hub, or the name of a known set.</summary>
    public required string Reference { get; init; }

    /// <summary>The name that it is to have; its own where null.</summary>
    public string? Name { get; init; }

    /// <summary>What its file must hash to, or null.</summary>
    public string? Sha256 { get; init; }

    /// <summary>Branch, tag or commit of a repository.</summary>
    public string Revision { get; init; } = "main";

    /// <summary>Addresses of the hub's mirrors, tried in order; none asks the hub.</summary>
    public IReadOnlyList<string> Mirrors { get; init; } = [];

    /// <summary>Take what was fetched before and connect to nothing.</summary>
    public bool Offline { get; init; }
}

/// <summary>Counts the rows of data.</summary>
public sealed record DataStatisticsRequest : ToolRequest
{
    /// <summary>The data.</summary>
    public required DataSpec Data { get; init; }

    /// <summary>A model directory or tokenizer file in whose tokens lengths are counted; characters where null.</summary>
    public string? Model { get; init; }
}

/// <summary>Writes rows of the arithmetic generator.</summary>
public sealed record GenerateGoatRequest : ToolRequest
{
    /// <summary>What is drawn.</summary>
    public required GoatOptions Goat { get; init; }

    /// <summary>The file to write.</summary>
    public required string Out { get; init; }

    /// <summary>Seed of the questions and their wording.</summary>
    public long Seed { get; init; }

    /// <summary>Threads that write; all processors where null.</summary>
    public int? Threads { get; init; }

    /// <summary>Replace a file that is there already.</summary>
    public bool Force { get; init; }
}

/// <summary>Shows what the arithmetic generator draws, cell by cell.</summary>
public sealed record GoatCellsRequest : ToolRequest
{
    /// <summary>What is drawn.</summary>
    public required GoatOptions Goat { get; init; }
}

/// <summary>Checks worked answers step by step.</summary>
public sealed record VerifyGoatRequest : ToolRequest
{
    /// <summary>The file of rows.</summary>
    public required string File { get; init; }

    /// <summary>The field of the question.</summary>
    public string Question { get; init; } = "input";

    /// <summary>The field of the answer.</summary>
    public string Answer { get; init; } = "output";
}
