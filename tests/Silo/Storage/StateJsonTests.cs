using System.Collections.Immutable;
using AlpacaCot.Silo.Storage;

namespace AlpacaCot.Tests.Silo.Storage;

/// <summary>A record that an older or newer program wrote is read with defaults for what it lacks.</summary>
public sealed class StateJsonTests
{
    private static T Read<T>(string json) => new StateJson().Deserialize<T>(BinaryData.FromString(json))!;

    private static string Write<T>(T state) => new StateJson().Serialize(state).ToString();

    [Fact]
    public void Read_OfAnOlderRecord_FillsInDefaultsAndSkipsWhatIsGone()
    {
        var read = Read<Record>("""{ "Kept": 5, "Dropped": "x", "Numbers": null }""");
        Assert.Equal((5, "default", Kind.Two), (read.Kept, read.Added, read.Kind));
        Assert.Empty(read.Numbers);
        Assert.True(double.IsNaN(read.Metric));
    }

    [Fact]
    public void WriteAndRead_KeepsEverything()
    {
        var state = new Record
        {
            Kept = 1, Added = "é", Numbers = [1, 2], Kind = Kind.One, Metric = double.PositiveInfinity, Grain = GrainId.Create("sweep", "e/s"), Inner = 4, Map = { ["a"] = 0.1 },
        };
        var again = Read<Record>(Write(state));
        Assert.Equal((1, "é", Kind.One, double.PositiveInfinity, GrainId.Create("sweep", "e/s"), 4), (again.Kept, again.Added, again.Kind, again.Metric, again.Grain, again.Inner));
        Assert.Equal<int>([1, 2], again.Numbers);
        Assert.Equal(0.1, again.Map["a"]);
        Assert.Equal(Write(state), Write(again));
    }

    [Fact]
    public void Write_OfWhatWasNeverSet_CanBeReadAgain()
    {
        var again = Read<Record>(Write(new Record()));
        Assert.Empty(again.Numbers);
        Assert.True(again.Grain.IsDefault);
    }

    public enum Kind
    {
        One,
        Two,
    }

    public sealed class Record
    {
        public int Kept { get; set; }

        public string Added { get; set; } = "default";

        public ImmutableArray<int> Numbers { get; set; }

        public Kind Kind { get; set; } = Kind.Two;

        public double Metric { get; set; } = double.NaN;

        public GrainId Grain { get; set; }

        [System.Text.Json.Serialization.JsonInclude]
        public int Inner { get; internal set; }

        public Dictionary<string, double> Map { get; set; } = [];
    }
}
