using System.Collections.Immutable;
using global::Orleans.Storage;

namespace AlpacaCot.Tests.LocalSilo.Storage;

/// <summary>A record that an older or newer program wrote is read with defaults for what it lacks.</summary>
public sealed class StateJsonTests
{
    public sealed class Old
    {
        public int Kept { get; set; }

        public string Dropped { get; set; } = "";
    }

    public enum Kind
    {
        One,
        Two,
    }

    public sealed class New
    {
        public int Kept { get; set; }

        public string Added { get; set; } = "default";

        public ImmutableArray<int> Numbers { get; set; }

        public Kind Kind { get; set; } = Kind.Two;

        public double Metric { get; set; } = double.NaN;
    }

    public sealed record Positional(string Name, int Count);

    [Fact]
    public async Task Read_OfAnOlderRecord_FillsInDefaults_AndItCanBeWrittenAgain()
    {
        await using var silo = await TestSilo.StartAsync();
        var storage = silo.Services.GetRequiredKeyedService<IGrainStorage>("store");
        var id = GrainId.Create("t", "k");
        await storage.WriteStateAsync("s", id, new GrainState<Old>(new Old { Kept = 5, Dropped = "x" }));
        var state = new GrainState<New>();
        await storage.ReadStateAsync("s", id, state);
        Assert.Equal(5, state.State!.Kept);
        Assert.Equal("default", state.State.Added);
        Assert.True(state.State.Numbers.IsDefault);
        await storage.WriteStateAsync("s", id, state);
        await storage.ReadStateAsync("s", id, state);
        Assert.Empty(state.State!.Numbers);
        Assert.Equal(Kind.Two, state.State.Kind);
        Assert.True(double.IsNaN(state.State.Metric));
    }

    [Fact]
    public async Task Read_OfAMissingRecordWithoutDefaultConstructor_GivesAnEmptyOne()
    {
        await using var silo = await TestSilo.StartAsync();
        var state = new GrainState<Positional>();
        await silo.Services.GetRequiredKeyedService<IGrainStorage>("store").ReadStateAsync("s", GrainId.Create("t", "none"), state);
        Assert.Equal(0, state.State!.Count);
        Assert.False(state.RecordExists);
    }
}
