using AlpacaCot.Data.Importing;

namespace AlpacaCot.Data.Catalogue;

/// <summary>A set that a spec can name.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Language">Its language (<c>en</c>, <c>zh</c>), or <c>multi</c>.</param>
/// <param name="About">What it is.</param>
/// <param name="Patterns">Files under a datasets root that hold it, the first pattern with files counts; <c>*</c> stands for any part of a file name.</param>
public sealed record KnownSet(string Name, string Language, string About, IReadOnlyList<string> Patterns)
{
    /// <summary>The language of a set of several, which every language's mix may take.</summary>
    public const string SeveralLanguages = "multi";

    /// <summary>One task (<c>TS</c>) or several (<c>MT</c>), as the survey of instruction sets tags them.</summary>
    public string Task { get; init; } = "MT";

    /// <summary>How it came to be: written by people (<c>HG</c>), self-instruct (<c>SI</c>), people and models (<c>MIX</c>), or collected of other sets (<c>COL</c>).</summary>
    public string Generation { get; init; } = "HG";

    /// <summary>Its rows as published; null where no count was.</summary>
    public long? Rows { get; init; }

    /// <summary>Its licence as its source states it; <c>not stated</c> where it states none.</summary>
    public string Licence { get; init; } = "not stated";

    /// <summary>Who made it or with what.</summary>
    public string MadeBy { get; init; } = "";

    /// <summary>Where it comes from: a repository on GitHub, or <c>hf:owner/name</c> on the Hugging Face hub.</summary>
    public string Source { get; init; } = "";

    /// <summary>Where its files are fetched: <c>hf:owner/name/file</c> or addresses; none where they have to be asked for or made.</summary>
    public IReadOnlyList<string> Files { get; init; } = [];

    /// <summary>The sets that it is made of where no file of its own is there, in their order.</summary>
    public IReadOnlyList<string> Parts { get; init; } = [];

    /// <summary>How a row of its own form becomes conversations.</summary>
    internal RowImporter Importer { get; init; } = JsonRow.Records;

    /// <summary>The columns of a table without a header.</summary>
    internal IReadOnlyList<string>? Columns { get; init; }

    /// <summary>Whether a file is one JSON object with its rows inside.</summary>
    internal bool IsOneObject { get; init; }
}
