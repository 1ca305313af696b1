using AlpacaCot.Client.Running;

namespace AlpacaCot.Tests.Client;

/// <summary>Commands that are told to end where they cannot hear it.</summary>
public sealed class InterruptionTests
{
    private readonly TaskCompletionSource<int> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private readonly List<TimeSpan> _waits = [];

    /// <summary>One whose waits take no time: what happens meanwhile is said by their number.</summary>
    private Interruption Make(Action<int>? waited = null) => new(code => _ended.TrySetResult(code), time =>
    {
        _waits.Add(time);
        waited?.Invoke(_waits.Count);
    });

    private async Task<double> EndedAfterAsync()
    {
        Assert.Equal(130, await _ended.Task.WaitAsync(TimeSpan.FromSeconds(60)));
        return _waits.Sum(time => time.TotalSeconds);
    }

    [Fact]
    public async Task Request_NothingHeld_EndsTheProgramWithinSeconds()
    {
        var interruption = Make();
        Assert.True(interruption.Request());
        Assert.True(interruption.Token.IsCancellationRequested);
        Assert.InRange(await EndedAfterAsync(), 1, 5);
    }

    [Fact]
    public async Task Request_WhoeverIsToldHangs_EndsTheProgramAllTheSame()
    {
        var interruption = Make();
        using var never = new ManualResetEventSlim();
        interruption.Token.Register(() => never.Wait());
        var request = Task.Run(interruption.Request);
        Assert.Equal(130, await _ended.Task.WaitAsync(TimeSpan.FromSeconds(60)));
        never.Set();
        await request;
    }

    [Fact]
    public async Task Request_SomethingHeld_IsEndedInOrderFirst()
    {
        IDisposable? other = null;
        var interruption = Make(waits =>
        {
            if (waits == 4) other!.Dispose();
        });
        (var held, other) = (interruption.Hold(), interruption.Hold());
        held.Dispose();
        held.Dispose();
        interruption.Request();
        await EndedAfterAsync();
        Assert.Equal(4, _waits.Count);
    }

    /// <summary>What does not end in order is not waited for without end.</summary>
    [Fact]
    public async Task Request_SomethingHeldForEver_EndsTheProgramWithinHalfAMinute()
    {
        var interruption = Make();
        interruption.Hold();
        interruption.Request();
        Assert.InRange(await EndedAfterAsync(), 20, 30);
    }

    [Fact]
    public void Request_Twice_IsTheSystemsToObey()
    {
        var interruption = Make();
        Assert.True(interruption.Request());
        Assert.False(interruption.Request());
    }
}
