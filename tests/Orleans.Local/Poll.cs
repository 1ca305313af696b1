using System.Diagnostics;

namespace AlpacaCot.Tests.LocalSilo;

/// <summary>Waits for something to become true, with a deadline instead of a fixed sleep.</summary>
internal static class Poll
{
    public static async Task UntilAsync(Func<Task<bool>> condition, string what, int seconds = 20)
    {
        var started = Stopwatch.StartNew();
        while (!await condition())
        {
            Assert.True(started.Elapsed < TimeSpan.FromSeconds(seconds), $"after {seconds} s still not: {what}");
            await Task.Delay(5);
        }
    }

    public static Task UntilAsync(Func<bool> condition, string what, int seconds = 20) => UntilAsync(() => Task.FromResult(condition()), what, seconds);
}
