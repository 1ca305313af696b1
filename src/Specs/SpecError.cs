using System.Globalization;
using System.Text.Json.Nodes;

namespace AlpacaCot.Specs;

/// <summary>Whether a remark on a sweep file stops it.</summary>
public enum SpecSeverity
{
    /// <summary>The sweep cannot run.</summary>
    Error,

    /// <summary>The sweep can run, but the reader probably wants to know.</summary>
    Advice,
}

/// <summary>One remark on a sweep file.</summary>
/// <param name="Line">Line in the file, from 1; 0 where the remark is on no line.</param>
/// <param name="Column">Column in the line, from 1.</param>
/// <param name="Path">Where in the document: <c>peft[1].alpha</c>.</param>
/// <param name="Message">What is wrong, one line.</param>
/// <param name="Fix">What to write instead, one line; empty where the message says it all.</param>
/// <param name="Severity">Whether it stops the sweep.</param>
public sealed record SpecError(int Line, int Column, string Path, string Message, string Fix, SpecSeverity Severity = SpecSeverity.Error)
{
    private const int LongestLine = 1000;

    /// <summary>The remark as a JSON document.</summary>
    public JsonObject ToJson() => new()
    {
        ["severity"] = Severity == SpecSeverity.Error ? "error" : "advice", ["line"] = Line, ["column"] = Column, ["path"] = Path, ["message"] = Message, ["fix"] = Fix,
    };

    /// <summary>One line: <c>line 4, column 7: peft[1].alpha: must be above 0; write alpha: 16</c>.</summary>
    public override string ToString()
    {
        var place = Line > 0 ? string.Create(CultureInfo.InvariantCulture, $"line {Line}, column {Column}: ") : "";
        var path = Path.Length > 0 ? Path + ": " : "";
        var fix = Fix.Length > 0 ? "; " + Fix : "";
        // Messages show what the file says, which may be of any length and have lines of its own.
        var line = (place + path + Message + fix).ReplaceLineEndings(" ");
        return line.Length <= LongestLine ? line : line[..LongestLine] + "…";
    }
}

/// <summary>A place in a sweep file.</summary>
/// <param name="Line">Line, from 1; 0 for nowhere.</param>
/// <param name="Column">Column, from 1.</param>
public readonly record struct SpecMark(int Line, int Column);
