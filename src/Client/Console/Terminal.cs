using System.Text;
using AlpacaCot.Files;
using Spectre.Console;

namespace AlpacaCot.Client.Console;

/// <summary>
/// A terminal that tables and live views are drawn on: with control sequences of their own, so that it stands beside the streams through which all other text goes. What is shown on it of others (names,
/// messages) is made <see cref="VisibleText"/> by whoever draws.
/// </summary>
internal sealed class Terminal
{
    /// <summary>A table of several columns is no table on fewer.</summary>
    private const int FewestColumns = 60;

    private readonly bool _isTerminal;

    private Terminal(TextWriter screen, bool isTerminal)
    {
        (Screen, _isTerminal) = (screen, isTerminal);
        Drawing = AnsiConsole.Create(new AnsiConsoleSettings { Out = new ScreenOutput(screen, isTerminal) });
    }

    /// <summary>Stdout.</summary>
    public static Terminal Output { get; } = new(ProgramStart.Screen, !System.Console.IsOutputRedirected);

    /// <summary>Stderr.</summary>
    public static Terminal Error { get; } = new(ProgramStart.ErrorScreen, !System.Console.IsErrorRedirected);

    /// <summary>Where a line is written over by the next.</summary>
    public TextWriter Screen { get; }

    /// <summary>Where tables are drawn.</summary>
    public IAnsiConsole Drawing { get; }

    /// <summary>Whether it obeys control sequences; where it does not (a file, a pipe, <c>TERM=dumb</c>), plain lines are right.</summary>
    public bool Obeys => _isTerminal && Drawing.Profile.Capabilities.Ansi;

    /// <summary>Whether a table can be read on it.</summary>
    public bool HasRoom => Obeys && Columns >= FewestColumns;

    /// <summary>Its width.</summary>
    public static int Columns
    {
        get
        {
            try
            {
                return System.Console.WindowWidth is > 0 and var columns ? columns : FewestColumns;
            }
            catch (IOException)
            {
                return FewestColumns;
            }
        }
    }

    private sealed class ScreenOutput(TextWriter screen, bool isTerminal) : IAnsiConsoleOutput
    {
        public TextWriter Writer => screen;

        public bool IsTerminal => isTerminal;

        public int Width => Columns;

        public int Height => 24;

        public void SetEncoding(Encoding encoding)
        {
            // The stream has that of the system.
        }
    }
}
