using AlpacaCot.Client.Library;
using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Client.Console;

/// <summary>How the work goes, on stderr.</summary>
internal sealed class ConsoleView(TimeProvider time) : IClientView
{
    private readonly ProgressLine _progress = new(time);

    /// <inheritdoc/>
    public void Progress(ProgressEvent progress) => _progress.Show(progress);

    /// <inheritdoc/>
    public void Say(string line)
    {
        _progress.Clear();
        System.Console.Error.WriteLine(line);
    }

    /// <inheritdoc/>
    public void EndProgress() => _progress.Clear();
}
