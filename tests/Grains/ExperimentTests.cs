using AlpacaCot.Grains.Sweeps;

namespace AlpacaCot.Tests.Grains;

/// <summary>An experiment of many sweeps.</summary>
public sealed class ExperimentTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static SweepSummary Summary(int n, string state) => new($"sweep-{n}", state, 4, 0, 0, DateTimeOffset.UnixEpoch.AddMinutes(n), null);

    [Fact]
    public async Task TwoHundredSweeps_AreKeptInOrder_AndWhatIsWrittenGrowsWithTheirNumber()
    {
        await using var platform = await Platform.StartAsync(_folder, slots: 0);
        var experiment = platform.Grains.GetGrain<IExperimentGrain>("e");
        var characters = new List<int>();
        for (var n = 0; n < 200; n++)
        {
            foreach (var state in (string[])["running", "done"]) await experiment.UpdateAsync(Summary(n, state));
            characters.Add(platform.Storage.Written.Where(written => written.Grain.ToString() == "experiment/e").Sum(written => written.Characters));
        }
        var (first, last) = (characters[99], characters[199] - characters[99]);
        Assert.InRange(last, first / 2, first * 3 / 2);

        var expected = Enumerable.Range(0, 200).Select(n => ($"sweep-{n}", "done")).ToList();
        Assert.Equal(expected, (await experiment.ListAsync()).Select(sweep => (sweep.Name, sweep.State)));
        await platform.Cluster.DeactivateAsync(experiment);
        Assert.Equal(expected, (await experiment.ListAsync()).Select(sweep => (sweep.Name, sweep.State)));
        Assert.Equal(expected, (await new StoredSweeps(platform.Storage).ListAsync("e")).Select(sweep => (sweep.Name, sweep.State)));
        Assert.Equal(DateTimeOffset.UnixEpoch.AddMinutes(7), (await experiment.ListAsync())[7].Submitted);

        // One of the first pages is written alone.
        var before = platform.Storage.Written.Count;
        await experiment.UpdateAsync(Summary(7, "failed"));
        Assert.Equal("failed", (await experiment.ListAsync())[7].State);
        Assert.Equal(before + 1, platform.Storage.Written.Count);
    }

    [Fact]
    public async Task PageThatCannotBeWritten_IsToldToTheCaller_AndTheRecordCounts()
    {
        await using var platform = await Platform.StartAsync(_folder, slots: 0);
        var experiment = platform.Grains.GetGrain<IExperimentGrain>("e");
        await experiment.UpdateAsync(Summary(0, "running"));
        platform.Storage.Fails = (_, grain) => grain.ToString() == "experiment/e";
        await Assert.ThrowsAsync<OrleansException>(() => experiment.UpdateAsync(Summary(1, "running")));
        platform.Storage.Fails = (_, _) => false;
        await Poll.UntilAsync(async () => (await experiment.ListAsync()).Length == 1, "the record counts");
    }
}
