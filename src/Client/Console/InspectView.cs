using System.Globalization;
using System.Text.Json;
using AlpacaCot.Files;
using Spectre.Console;

namespace AlpacaCot.Client.Console;

/// <summary><c>data inspect</c> on a terminal: each token apart, what is learnt on green, what is asked with on grey.</summary>
internal static class InspectView
{
    // Two shades of each, so that neighbours show where one token ends.
    private static readonly Style[] _learnt = [new(Color.Black, Color.Green3), new(Color.Black, Color.DarkSeaGreen3)];
    private static readonly Style[] _asked = [new(Color.Grey70, Color.Grey19), new(Color.Grey70, Color.Grey27)];

    /// <summary>Whether a terminal shows colours; text with marks is right on others.</summary>
    public static bool IsShownBy(Terminal terminal) => terminal.Obeys && terminal.Drawing.Profile.Capabilities.ColorSystem != ColorSystem.NoColors;

    /// <summary>Draws the rows of an answer.</summary>
    public static void Draw(IAnsiConsole console, JsonElement rows)
    {
        foreach (var row in rows.EnumerateArray())
        {
            var tokens = row.GetProperty("tokens").EnumerateArray().ToList();
            var place = VisibleText.OnOneLine($"{row.GetProperty("source").GetString()} row {row.GetProperty("row").GetInt32().ToString(CultureInfo.InvariantCulture)}");
            var refused = row.GetProperty("refused").GetString();
            console.WriteLine($"── {place}: {(refused is not null ? $"refused: {refused}" : $"{tokens.Count} tokens, {tokens.Count(IsLearnt)} learnt{(row.GetProperty("truncated").GetBoolean() ? ", cut" : "")}")}");
            for (var i = 0; i < tokens.Count; i++)
            {
                var style = (IsLearnt(tokens[i]) ? _learnt : _asked)[i % 2];
                var lines = VisibleText.Of(tokens[i].GetProperty("text").GetString()!).ReplaceLineEndings("\n").Split('\n');
                for (var line = 0; line < lines.Length; line++)
                {
                    // A line break is shown, and made: colour must not run on over the rest of the line.
                    var ends = line < lines.Length - 1;
                    console.Write(lines[line] + (ends ? "⏎" : ""), style);
                    if (ends) console.WriteLine();
                }
            }
            console.WriteLine();
        }
        console.Write("learnt", _learnt[0]);
        console.Write(" ");
        console.Write("not learnt", _asked[0]);
        console.WriteLine();
    }

    private static bool IsLearnt(JsonElement token) => token.GetProperty("learnt").GetBoolean();
}
