namespace AlpacaCot.Tests.Grains;

/// <summary>Work that is done while nobody hears of it: its owner's silo was lost and is not replaced yet.</summary>
public sealed class UntoldEndTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task End_OwnerNotReached_CountsAsRunningUntilItIsTold()
    {
        await using var platform = await Platform.StartAsync(_folder);
        var reached = false;
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        platform.Owner.Answer = report =>
        {
            if (report.Events.Any(said => said is DoneEvent)) done.TrySetResult();
            return Volatile.Read(ref reached) ? true : throw new TimeoutException("the owner's silo is lost");
        };
        await platform.Slot().StartAsync(new SlotAssignment("test/s", "pack-0", 7, Platform.Job(_folder)));
        await done.Task.WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal(7, await platform.Slot().RunningFenceAsync("test/s"));
        // It can do other work meanwhile.
        Assert.Equal(StartReply.Started, (await platform.Slot().StartAsync(new SlotAssignment("test/other", "pack-0", 1, Platform.Job(_folder)))).Reply);
        Volatile.Write(ref reached, true);
        Assert.IsType<DoneEvent>(await platform.Owner.EndAsync(7));
        await Poll.UntilAsync(async () => await platform.Slot().RunningFenceAsync("test/s") == 0, "the end is told");
    }
}
