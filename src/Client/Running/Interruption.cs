using AlpacaCot.Client.Library;
using AlpacaCot.Files;

namespace AlpacaCot.Client.Running;

/// <summary>
/// The end of a command before its end. What it holds (a worker, a session with a silo) is ended in order, and that has its time; where it holds nothing and still does not end, because it reads a file
/// or parses one, the program ends all the same.
/// </summary>
/// <param name="end">Ends the program with a code.</param>
/// <param name="wait">Waits for a time.</param>
internal sealed class Interruption(Action<int> end, Action<TimeSpan> wait)
{
    /// <summary>A command that holds nothing ends in far less, unless it is where nobody can ask it.</summary>
    private static readonly TimeSpan _moment = TimeSpan.FromSeconds(2);

    /// <summary>A silo that does not answer is waited for, told to end and killed in this time.</summary>
    private static readonly TimeSpan _order = TimeSpan.FromSeconds(25);

    private readonly CancellationTokenSource _stop = new();
    private int _held;
    private int _requests;

    /// <summary>That of a program.</summary>
    public Interruption() : this(ProgramStart.End, Wait)
    {
    }

    /// <summary>Cancelled when the command shall end.</summary>
    public CancellationToken Token => _stop.Token;

    /// <summary>Asks the command to end. False where it was asked before: whoever asks twice means at once.</summary>
    public bool Request()
    {
        if (Interlocked.Increment(ref _requests) > 1) return false;
        // A thread of its own, since those of the pool may be what does not end; and before anybody is told, since that may be where it hangs.
        new Thread(EndWhereNothingElseDoes) { IsBackground = true, Name = "interruption" }.Start();
        _stop.Cancel();
        return true;
    }

    /// <summary>Something that is to be ended in order, until it is disposed of.</summary>
    public IDisposable Hold()
    {
        Interlocked.Increment(ref _held);
        return new Held(this);
    }

    private void EndWhereNothingElseDoes()
    {
        for (var waited = TimeSpan.Zero; waited < _order; waited += _moment)
        {
            wait(_moment);
            if (Volatile.Read(ref _held) == 0) break;
        }
        System.Console.Error.WriteLine("cancelled");
        end(ExitCodes.Cancelled);
    }

    private static void Wait(TimeSpan time)
    {
        using var never = new ManualResetEventSlim();
        never.Wait(time);
    }

    private sealed class Held(Interruption interruption) : IDisposable
    {
        private int _given;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _given, 1) == 0) Interlocked.Decrement(ref interruption._held);
        }
    }
}
