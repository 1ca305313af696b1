using System.Text.RegularExpressions;

namespace AlpacaCot.Tests.Mutants;

/// <summary>
/// One fault that a test must notice: a piece of a source file and what stands in its place when the fault is switched on. A piece that ends
/// with ';', or with '}' and holds one, is a statement, any other an expression.
/// </summary>
/// <param name="Number">The switch, from 1.</param>
/// <param name="Room">The room, as the name of its list.</param>
/// <param name="What">What is wrong with the fault on, in words.</param>
/// <param name="File">The source file, from the checkout's root.</param>
/// <param name="Find">The right piece; it stands there exactly once.</param>
/// <param name="Plant">The wrong one.</param>
/// <param name="TestRoom">The test project, by its folder under <c>tests</c>.</param>
/// <param name="Test">The test class, or <c>Class.Method</c>.</param>
internal sealed partial record Fault(int Number, string Room, string What, string File, string Find, string Plant, string TestRoom, string Test)
{
    private static readonly string[] _keys = ["fault", "in", "find", "plant", "noticed by"];

    /// <summary>Whether the piece is one or several whole statements: what ends with a brace may be a pattern, or what follows 'with'.</summary>
    public bool IsStatement => Find[^1] == ';' || (Find[^1] == '}' && Find.Contains(';', StringComparison.Ordinal));

    /// <summary>Whether the piece can stand alone, as far as its form tells.</summary>
    public bool IsWhole
    {
        get
        {
            var depth = 0;
            foreach (var c in Quoted().Replace(Find, "0"))
            {
                depth += c is '(' or '[' or '{' ? 1 : c is ')' or ']' or '}' ? -1 : 0;
                if (depth < 0) return false;
            }
            return depth == 0 && !(IsStatement ? Declaration() : Fragment()).IsMatch(Find);
        }
    }

    [GeneratedRegex("""\$?"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])+'""")]
    private static partial Regex Quoted();

    [GeneratedRegex(@"^(?:var|using var|int|long|double|string|bool)\b")]
    private static partial Regex Declaration();

    [GeneratedRegex(@"^(?:[|&?:=<>.,]|(?:is|and|or|when|else)\b|!=|\w+ = |\(.*\) throw\b)|\bthrow$")]
    private static partial Regex Fragment();

    /// <summary>The test class's name.</summary>
    public string TestClass => Test.Split('.')[0];

    /// <summary>All faults of the lists in a folder, <c>ROOM.txt</c> each: blocks of <c>key: value</c> lines, an empty line between two.</summary>
    /// <exception cref="FormatException">A list is not in that form; the message names file and line.</exception>
    public static IReadOnlyList<Fault> ReadAll(string folder)
    {
        var faults = new List<Fault>();
        foreach (var file in Directory.EnumerateFiles(folder, "*.txt").Order(StringComparer.Ordinal))
        {
            var block = new Dictionary<string, string>(StringComparer.Ordinal);
            var lines = System.IO.File.ReadAllLines(file);
            for (var i = 0; i <= lines.Length; i++)
            {
                var line = i < lines.Length ? lines[i].Trim() : "";
                if (line.StartsWith('#')) continue;
                if (line.Length > 0)
                {
                    var colon = line.IndexOf(": ", StringComparison.Ordinal);
                    if (colon < 0 || !_keys.Contains(line[..colon]) || !block.TryAdd(line[..colon], line[(colon + 2)..].Trim()))
                        throw new FormatException($"{Path.GetFileName(file)}, line {i + 1}: expected one each of {string.Join(", ", _keys)}, found: {line}");
                }
                else if (block.Count > 0)
                {
                    if (block.Count != _keys.Length) throw new FormatException($"{Path.GetFileName(file)}, line {i}: the block has no {string.Join(", ", _keys.Except(block.Keys))}");
                    var by = block["noticed by"].Split(' ', 2);
                    if (by.Length < 2) throw new FormatException($"{Path.GetFileName(file)}, line {i}: 'noticed by' names a test project and a test");
                    faults.Add(new Fault(faults.Count + 1, Path.GetFileNameWithoutExtension(file), block["fault"], block["in"], block["find"], block["plant"], by[0], by[1]));
                    block.Clear();
                }
            }
        }
        return faults;
    }
}
