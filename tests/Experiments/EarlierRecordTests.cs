using System.Text.Json;
using AlpacaCot.Experiments.Scheduling;
using AlpacaCot.Specs;

namespace AlpacaCot.Tests.Experiments;

/// <summary>
/// A record that was written before there were untuned bases and asked-for cues, in the middle of its first pack: it goes on as it began. Its hash of all trials is renewed where their
/// keys change by intention (since it was made: AdamW's constants, options of methods, data and training that were not there); a record with another is refused.
/// </summary>
public sealed class EarlierRecordTests
{
    private static SweepState Load(string? gridHash = null)
    {
        using var record = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Records", "before-untuned-bases.json")));
        var origin = record.RootElement.GetProperty("Origin").Deserialize<SweepOrigin>()!;
        return SweepState.Load(
            gridHash is null ? origin : origin with { GridHash = gridHash }, record.RootElement.GetProperty("Header").Deserialize<SweepHeader>()!,
            record.RootElement.GetProperty("Shards").Deserialize<List<SweepShard>>()!, new SchedulingOptions());
    }

    [Fact]
    public void Load_EarlierRecord_HasTheSameTrialsUnderTheSameKeys()
    {
        // The record holds a hash over all trials' names and keys, which loading compares.
        var state = Load();
        Assert.Equal(8, state.Grid.Trials.Count);
        Assert.DoesNotContain(state.Grid.Trials, t => t.IsUntuned);
        Assert.Equal(TrialStatus.Succeeded, state.Find(0).Member.Status);
    }

    [Fact]
    public void Load_RecordWhoseTrialsHaveOtherKeysNow_IsRefusedWithWhatToDo()
        => Assert.Contains("finish it with that version", Assert.Throws<SweepException>(() => Load(new string('0', 64))).Message, StringComparison.Ordinal);

    [Fact]
    public void Load_EarlierRecord_TrainsOnWhatItMeant()
    {
        var data = Load().Spec.Data;
        Assert.Equal([CueUse.Flan, CueUse.Text, CueUse.Flan], data[0].Sources.Select(source => data[0].CueOf(source).Use));
        Assert.Equal("Think first.", data[0].CueOf(data[0].Sources[1]).Text);
    }

    /// <summary>A record as it is written now holds the spec in the words of the sweep file, and gives an equal one back.</summary>
    [Fact]
    public void Origin_WrittenAndRead_HoldsTheSameSpec()
    {
        var origin = Load().Origin;
        var written = JsonSerializer.SerializeToElement(origin);
        Assert.Equal(512, written.GetProperty("Spec").GetProperty("training").GetProperty("cutoff_len").GetInt32());
        Assert.Equal(SweepSpecJson.Write(origin.Spec), SweepSpecJson.Write(written.Deserialize<SweepOrigin>()!.Spec));
    }

    [Theory]
    [InlineData("""{ "name": "s", "invented_since": 1 }""", "invented_since")]
    [InlineData("\"name: [\"", "no YAML")]
    public void Origin_SpecThatThisVersionDoesNotKnow_IsRefusedWithWhatToDo(string spec, string says)
    {
        var record = $$"""{ "Sweep": "s", "Spec": {{spec}}, "Identities": {}, "GridHash": "", "Shards": 0, "CreatedAt": "2026-01-01T00:00:00Z" }""";
        var refused = Assert.Throws<SweepException>(() => JsonSerializer.Deserialize<SweepOrigin>(record));
        Assert.Contains(says, refused.Message, StringComparison.Ordinal);
        Assert.Contains("finish the sweep with the version that made it", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refused.Message);
    }

    [Fact]
    public void Load_EarlierRecord_GoesOnToItsEnd()
    {
        var (state, now) = (Load(), SweepHarness.Start);
        SweepMachine.Apply(state, new Recovered(), now);
        while (state.Header.Status == SweepStatus.Running)
        {
            now += TimeSpan.FromMinutes(5);
            foreach (var start in SweepMachine.Apply(state, new Drive([new SlotOffer("a/0")]), now).Effects.OfType<StartAssignment>().ToList())
            {
                SweepMachine.Apply(state, new StartAccepted(start.Assignment.Slot, start.Assignment.Fence), now);
                foreach (var report in SweepHarness.WholeOf(start.Assignment)) SweepMachine.Apply(state, report, now);
            }
        }
        Assert.Equal(new SweepCounts(8, 0, 0, 8, 0, 0), state.Count());
    }
}
