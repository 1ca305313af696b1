using System.Globalization;
using AlpacaCot.Files;
using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Client.Console;

/// <summary>Progress of one job on stderr: one line that is written over on a terminal, a plain line every few seconds elsewhere.</summary>
internal sealed class ProgressLine(TimeProvider time) : IDisposable
{
    private readonly bool _terminal = Terminal.Error.Obeys;
    private long _lastShown;
    private string _lastPhase = "";
    private int _width;

    /// <summary>Shows where the job is.</summary>
    public void Show(ProgressEvent progress)
    {
        var pause = _terminal ? TimeSpan.FromMilliseconds(100) : TimeSpan.FromSeconds(5);
        if (progress.Phase == _lastPhase && _lastShown != 0 && time.GetElapsedTime(_lastShown) < pause && progress.Step < progress.Total) return;
        (_lastShown, _lastPhase) = (time.GetTimestamp(), progress.Phase);
        var line = Describe(progress);
        if (_terminal)
        {
            // A line that is wrapped cannot be written over.
            line = Cut(VisibleText.OnOneLine(line), Terminal.Columns - 1);
            Terminal.Error.Screen.Write($"\r{line.PadRight(_width)}");
            _width = line.Length;
        }
        else System.Console.Error.WriteLine(line);
    }

    /// <summary>Makes room for other output.</summary>
    public void Clear()
    {
        if (_terminal && _width > 0) Terminal.Error.Screen.Write($"\r{new string(' ', _width)}\r");
        _width = 0;
    }

    /// <inheritdoc/>
    public void Dispose() => Clear();

    /// <summary>The beginning of a text, in as many columns.</summary>
    internal static string Cut(string text, int columns) => text.Length <= columns ? text : columns < 2 ? "" : $"{text[..(columns - 1)]}…";

    /// <summary>A progress event in words.</summary>
    public static string Describe(ProgressEvent progress)
    {
        var parts = new List<string> { progress.Member is null ? progress.Phase : $"{progress.Member} {progress.Phase}" };
        if (progress.Total > 0) parts.Add(string.Create(CultureInfo.InvariantCulture, $"{progress.Step}/{progress.Total}"));
        if (progress.Loss is { } loss) parts.Add(string.Create(CultureInfo.InvariantCulture, $"loss {loss:0.0000}"));
        if (progress.TokensPerSecond is { } speed) parts.Add(string.Create(CultureInfo.InvariantCulture, $"{speed:0} tokens/s"));
        if (progress.Note is { } note) parts.Add(note);
        return string.Join("  ", parts);
    }
}
