using AlpacaCot.Client.Running;

namespace AlpacaCot.Tests.Client;

/// <summary>Commands that are told to end where they cannot hear it.</summary>
public sealed class InterruptionTests
{
    private readonly TaskCompletionSource<int> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private Interruption Make() => new(code => _ended.TrySetResult(code));

    [Fact]
    public async Task Request_NothingHeld_EndsTheProgramWithinSeconds()
    {
        var interruption = Make();
        Assert.True(interruption.Request());
        Assert.True(interruption.Token.IsCancellationRequested);
        Assert.Equal(130, await _ended.Task.WaitAsync(TimeSpan.FromSeconds(60)));
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
        var interruption = Make();
        var (held, other) = (interruption.Hold(), interruption.Hold());
        interruption.Request();
        held.Dispose();
        held.Dispose();
        await Assert.ThrowsAsync<TimeoutException>(() => _ended.Task.WaitAsync(TimeSpan.FromSeconds(5)));
        other.Dispose();
        Assert.Equal(130, await _ended.Task.WaitAsync(TimeSpan.FromSeconds(60)));
    }

    [Fact]
    public void Request_Twice_IsTheSystemsToObey()
    {
        var interruption = Make();
        Assert.True(interruption.Request());
        Assert.False(interruption.Request());
    }
}
