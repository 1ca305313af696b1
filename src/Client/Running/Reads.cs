namespace AlpacaCot.Client.Running;

/// <summary>
/// Questions that may be put twice. One whose silo is lost on the way gets no answer until its time-out; in a cluster another silo takes over meanwhile, so that the question is put
/// again soon and goes on being put until that has happened. On one machine nobody takes over: only a late answer is asked for again, a lost silo ends the command.
/// </summary>
/// <param name="time">The clock.</param>
/// <param name="cluster">Whether there are other silos.</param>
internal sealed class Reads(TimeProvider time, bool cluster)
{
    // Longer than the longest of these questions takes on a busy machine, far shorter than Orleans' own time-out of half a minute.
    private static readonly TimeSpan _answer = TimeSpan.FromSeconds(10);

    // A lost silo is declared dead after 20 s, and its grains are elsewhere at the next call: this long means that nobody is left.
    private static readonly TimeSpan _patience = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(500);

    /// <summary>Asks until there is an answer.</summary>
    /// <exception cref="OrleansException">The silo is lost, or refuses.</exception>
    /// <exception cref="TimeoutException">There was no answer for all the time that it may take.</exception>
    public async Task<T> AskAsync<T>(Func<Task<T>> question, CancellationToken stop)
    {
        var began = time.GetTimestamp();
        while (true)
        {
            try
            {
                var answer = question();
                return await (cluster ? answer.WaitAsync(_answer, time, stop) : answer.WaitAsync(stop));
            }
            catch (Exception e) when (time.GetElapsedTime(began) < _patience && (e is TimeoutException || (cluster && e is OrleansException)))
            {
                await Task.Delay(_pause, time, stop);
            }
        }
    }
}
