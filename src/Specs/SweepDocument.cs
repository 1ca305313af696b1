using AlpacaCot.Specs.Parsing;

namespace AlpacaCot.Specs;

/// <summary>A sweep file as read: the spec as far as it could be read, and every remark on it at once.</summary>
public sealed class SweepDocument
{
    /// <summary>Bytes of the largest sweep file; a hundred values on every axis take some ten thousand.</summary>
    public const int LargestFile = 4 << 20;

    private readonly IReadOnlyDictionary<string, SpecMark> _marks;

    internal SweepDocument(SweepSpec spec, IReadOnlyList<SpecError> remarks, IReadOnlyDictionary<string, SpecMark> marks)
    {
        Spec = spec;
        Remarks = remarks;
        _marks = marks;
    }

    /// <summary>
    /// The spec. Where there are errors it holds what could be read, so that facts about it can be collected and shown with them; it must not be run.
    /// </summary>
    public SweepSpec Spec { get; }

    /// <summary>Errors and advice, in the order of the file.</summary>
    public IReadOnlyList<SpecError> Remarks { get; }

    /// <summary>The remarks that stop the sweep.</summary>
    public IEnumerable<SpecError> Errors => Remarks.Where(r => r.Severity == SpecSeverity.Error);

    /// <summary>Whether the sweep may run, as far as the file alone tells.</summary>
    public bool IsValid => !Errors.Any();

    /// <summary>Reads a sweep file: YAML, or the canonical JSON of <see cref="SweepSpecJson"/>. Never throws for what the text holds.</summary>
    public static SweepDocument Parse(string text) => SweepParser.Parse(text.StartsWith('\uFEFF') ? text[1..] : text);

    /// <summary>Reads a sweep file's bytes, which must be UTF-8. Never throws for what they hold.</summary>
    public static SweepDocument Parse(ReadOnlySpan<byte> file)
    {
        var errors = new List<SpecError>();
        return Utf8Text.Read(file, errors) is { } text
            ? Parse(text)
            : new SweepDocument(new SweepSpec { Name = "" }, errors, new Dictionary<string, SpecMark>());
    }

    /// <summary>The spec of a text that must be valid.</summary>
    /// <exception cref="SweepException">All errors of the text, one a line.</exception>
    public static SweepSpec ParseValid(string text)
    {
        var document = Parse(text);
        return document.IsValid ? document.Spec : throw new SweepException(document.Errors);
    }

    /// <summary>All errors of a spec that came from another program: what its text in a file would be told.</summary>
    public static IReadOnlyList<SpecError> ErrorsOf(SweepSpec spec) => [.. Parse(SweepSpecJson.Write(spec)).Errors];

    /// <summary>Whether a path stands in the file itself.</summary>
    internal bool IsWritten(string path) => _marks.ContainsKey(path);

    /// <summary>Where a path (<c>peft[1].alpha</c>) stands in the file; its nearest parent where it is not written.</summary>
    public SpecMark MarkOf(string path)
    {
        for (var at = path; at.Length > 0; at = at[..Math.Max(0, at.LastIndexOfAny(['.', '[']))])
            if (_marks.TryGetValue(at, out var mark)) return mark;
        return default;
    }
}
