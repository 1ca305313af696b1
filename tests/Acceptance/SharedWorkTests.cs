using System.Text.Json;

namespace AlpacaCot.Tests.Acceptance;

/// <summary>Sweeps of one home that overlap, and files that change under a sweep.</summary>
[Trait("Category", "Acceptance")]
public sealed class SharedWorkTests(Bases bases)
{
    private string Yaml(string name, string seeds) => Sweeps.Tiny(bases.Sums, name, steps: 6, untuned: true).Replace("seeds: [0, 1]", $"seeds: {seeds}", StringComparison.Ordinal);

    [Fact]
    public async Task TwoSweeps_HalfTheirGridInCommon_TheSecondTrainsTheRest_AndEqualsAFreshOne()
    {
        using var home = new Home();
        (await home.RunAsync("sweep", "run", Sweeps.Write(home, Yaml("first", "[0, 1]"), "first.yaml"), "--json")).Done();
        var file = Sweeps.Write(home, Yaml("second", "[0, 1, 2, 3]"), "second.yaml");
        var second = (await home.RunAsync("sweep", "run", file, "--json")).Done().Json();
        var taken = second.GetProperty("trials").EnumerateArray()
            .ToDictionary(t => t.GetProperty("name").GetString()!, t => t.GetProperty("taken_over_from").ValueKind == JsonValueKind.String ? t.GetProperty("taken_over_from").GetString() : null);
        Assert.All(taken, t => Assert.Equal(t.Key == "nano+base+none" || t.Key.EndsWith("s0", StringComparison.Ordinal) || t.Key.EndsWith("s1", StringComparison.Ordinal) ? "default/first" : null, t.Value));
        var trained = Sweeps.FilesOf(home, "second", "adapter_model.safetensors").Keys;
        Assert.Equal(4, trained.Count);
        Assert.All(trained, member => Assert.True(member.EndsWith("s2", StringComparison.Ordinal) || member.EndsWith("s3", StringComparison.Ordinal)));

        var fresh = (await home.RunAsync("sweep", "run", file, "--name", "fresh", "--fresh", "--json")).Done().Json();
        Assert.Equal(8, Sweeps.FilesOf(home, "fresh", "adapter_model.safetensors").Count);
        Assert.Equal(fresh.GetProperty("aggregates").GetRawText(), second.GetProperty("aggregates").GetRawText());
    }

    [Fact]
    public async Task Resume_RowsReplacedSinceTheCheck_RefusesThemByName_UntilTheyAreBack()
    {
        using var home = new Home();
        var rows = home["rows.json"];
        const string Before = """[{"instruction":"1 + 1","input":"","output":"2"},{"instruction":"2 + 2","input":"","output":"4"}]""";
        await File.WriteAllTextAsync(rows, Before);
        var yaml = Sweeps.Tiny(bases.Sums, "rows", steps: 400, checkpointSteps: 5);
        yaml = yaml[..yaml.IndexOf("    sources:", StringComparison.Ordinal)] + "    sources: [{ path: rows.json }]\n" + yaml[yaml.IndexOf("    template:", StringComparison.Ordinal)..];
        var run = home.Start("sweep", "run", Sweeps.Write(home, yaml), "--json");
        await Home.UntilAsync(() => Sweeps.LastCheckpoint(home, "rows") >= 10, "the sweep trains");
        (await home.RunAsync("sweep", "cancel", "rows")).Done();
        (await run.EndAsync(TimeSpan.FromSeconds(60))).Ended(130);
        await File.WriteAllTextAsync(rows, Before.Replace("\"4\"", "\"5\"", StringComparison.Ordinal));
        var refused = (await home.RunAsync("sweep", "resume", "rows", "--json")).Ended(1).Json();
        Assert.All(refused.GetProperty("trials").EnumerateArray(), trial =>
        {
            Assert.Equal("failed", trial.GetProperty("state").GetString());
            Assert.Contains("rows.json", trial.GetProperty("message").GetString(), StringComparison.Ordinal);
            Assert.Contains("has changed since the sweep was checked", trial.GetProperty("message").GetString(), StringComparison.Ordinal);
        });
        await File.WriteAllTextAsync(rows, Before);
        var resumed = (await home.RunAsync("sweep", "resume", "rows", "--retry-failed", "--json")).Done().Json();
        Assert.All(resumed.GetProperty("trials").EnumerateArray(), trial => Assert.Equal("succeeded", trial.GetProperty("state").GetString()));
    }
}
