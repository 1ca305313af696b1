using AlpacaCot.LocalSilo.Storage.Journal;
using Microsoft.Extensions.Logging.Abstractions;

namespace AlpacaCot.Tests.LocalSilo.Storage;

public sealed class GroupCommitTests
{
    [Fact]
    public async Task WritesOfOneMoment_ShareAFlush()
    {
        const int Writers = 64, Rounds = 20;
        using var folder = new TemporaryFolder();
        using var journal = new Journal(folder["j"], 1 << 20, NullLogger.Instance);
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(async () =>
        {
            for (var round = 0; round < Rounds; round++) await journal.WriteAsync(new JournalWrite($"k{writer}", Expect.Anything, 0, [(byte)round]));
        })));
        Assert.InRange(journal.Flushes, Rounds, Writers * Rounds / 2);
        for (var writer = 0; writer < Writers; writer++) Assert.Equal([Rounds - 1], journal.Read($"k{writer}")!.Value.Body);
    }

    [Fact]
    public async Task WritesOfOneKeyInOneBatch_AreCheckedInTheirOrder()
    {
        using var folder = new TemporaryFolder();
        using var journal = new Journal(folder["j"], 1 << 20, NullLogger.Instance);
        // All expect that there is no record: whatever batches they fall into, one alone may win.
        var writes = await Task.WhenAll(Enumerable.Range(0, 50).Select(async i =>
        {
            try
            {
                await journal.WriteAsync(new JournalWrite("one", Expect.Absent, 0, [(byte)i]));
                return i;
            }
            catch (global::Orleans.Storage.InconsistentStateException)
            {
                return -1;
            }
        }));
        Assert.Equal([(byte)Assert.Single(writes, i => i >= 0)], journal.Read("one")!.Value.Body);
    }
}
