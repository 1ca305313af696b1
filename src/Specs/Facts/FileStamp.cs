namespace AlpacaCot.Specs.Facts;

/// <summary>What a file was when the sweep was checked.</summary>
/// <param name="Path">Where it lies.</param>
/// <param name="Bytes">Its length.</param>
/// <param name="Modified">Time of its last change in ticks (UTC). A file of this length and time counts as unchanged without being read.</param>
/// <param name="Sha256">Hash of its content.</param>
public sealed record FileStamp(string Path, long Bytes, long Modified, string Sha256);

/// <summary>The files behind one name of a sweep file.</summary>
/// <param name="Kind"><see cref="Model"/> or <see cref="Data"/>.</param>
/// <param name="Name">The axis value's name.</param>
/// <param name="Files">Its files.</param>
public sealed record ReferencedFiles(string Kind, string Name, IReadOnlyList<FileStamp> Files)
{
    /// <summary>A base model: configuration, weights, tokenizer.</summary>
    public const string Model = "model";

    /// <summary>A data mix: the files of all its sources.</summary>
    public const string Data = "data";
}
