using AlpacaCot.Specs;
using AlpacaCot.Specs.Facts;

namespace AlpacaCot.Tests.Grains;

/// <summary>Submissions straight to the grains, by whoever reaches them: what the command line checks is checked here as well.</summary>
public sealed class SubmissionTests : SweepScenario
{
    [Theory]
    [InlineData("e", "../s")]
    [InlineData("e", "..")]
    [InlineData("e", ".hidden")]
    [InlineData("e", "a/b")]
    [InlineData("e", "")]
    [InlineData("e", "a b")]
    [InlineData("e", "a\n")]
    [InlineData("e", "\u001b[2J")]
    [InlineData("..", "s")]
    [InlineData("../../etc", "s")]
    [InlineData("", "s")]
    public async Task Submit_NameThatIsNone_IsRefused(string experiment, string name)
    {
        await using var platform = await Platform.StartAsync(Folder);
        var request = Request() with { Name = name, Directory = Path.Combine(Folder.Path, "experiments", experiment, name) };
        if (experiment.Length > 0) await RefusedAsync(platform, $"{experiment}/{name}", () => platform.Grains.GetGrain<IExperimentGrain>(experiment).SubmitAsync(request));
        await RefusedAsync(platform, $"{experiment}/{name}", () => platform.Grains.GetGrain<ISweepGrain>($"{experiment}/{name}").SubmitAsync(request));
    }

    [Fact]
    public async Task Submit_LongName_IsRefused()
    {
        await using var platform = await Platform.StartAsync(Folder);
        var name = new string('s', 101);
        await RefusedAsync(platform, "up to 100", () => platform.Grains.GetGrain<IExperimentGrain>("e").SubmitAsync(Request() with { Name = name, Directory = Folder[$"experiments/e/{name}"] }));
    }

    [Theory]
    [InlineData("/etc")]
    [InlineData("experiments/e/s")]
    [InlineData("{home}/experiments/e/s/../t")]
    [InlineData("{home}/experiments/e/t")]
    [InlineData("{home}/experiments/e/s/")]
    [InlineData("{home}")]
    [InlineData("")]
    public async Task Submit_ForeignFolder_IsRefused(string folder)
    {
        await using var platform = await Platform.StartAsync(Folder);
        await RefusedAsync(platform, "the folder of e/s", () => platform.Grains.GetGrain<ISweepGrain>("e/s").SubmitAsync(Request() with { Directory = folder.Replace("{home}", Folder.Path, StringComparison.Ordinal) }));
    }

    [Fact]
    public async Task Submit_NameOfAnotherSweep_IsRefused()
    {
        await using var platform = await Platform.StartAsync(Folder);
        await RefusedAsync(platform, "not called 't'", () => platform.Grains.GetGrain<ISweepGrain>("e/s").SubmitAsync(Request() with { Name = "t" }));
    }

    [Fact]
    public async Task Submit_RelativeBase_IsRefused()
    {
        await using var platform = await Platform.StartAsync(Folder);
        await RefusedAsync(platform, "no full path", () => SubmitAsync(platform, Request() with { BaseDirectory = "here" }));
    }

    [Fact]
    public async Task Submit_TooLarge_IsRefused()
    {
        await using var platform = await Platform.StartAsync(Folder);
        await RefusedAsync(platform, "4 are taken", () => SubmitAsync(platform, Request() with { Spec = Request().Spec with { Description = new string('x', 5 << 20) } }));
        await RefusedAsync(platform, "16 are taken", () => SubmitAsync(platform, Request() with { Facts = new SpecFacts { KnownSets = [new string('x', 17 << 20)] } }));
        await RefusedAsync(platform, "more than 20000", () => SubmitAsync(platform, Request(Yaml.Replace("[0, 1]", $"[{string.Join(",\n  ", Enumerable.Range(0, 9_000))}]", StringComparison.Ordinal).Replace("method: ia3 }", "method: ia3 }, { name: more, method: ia3 }", StringComparison.Ordinal))));
    }

    /// <summary>A specification that no file could hold: whoever sends it, its names become folders.</summary>
    [Fact]
    public async Task Submit_SpecThatNoFileHolds_IsRefused()
    {
        await using var platform = await Platform.StartAsync(Folder);
        var spec = Request().Spec;
        await RefusedAsync(platform, "models[0]", () => SubmitAsync(platform, Request() with { Spec = spec with { Models = [spec.Models[0] with { Name = "../x" }] } }));
        await RefusedAsync(platform, "batch_size", () => SubmitAsync(platform, Request() with { Spec = spec with { Training = spec.Training with { BatchSize = 0 } } }));
        await RefusedAsync(platform, "peft", () => SubmitAsync(platform, Request() with { Spec = spec with { Peft = [] } }));
    }

    private static Task<SubmitReply> SubmitAsync(Platform platform, SubmitSweep request) => platform.Grains.GetGrain<IExperimentGrain>("e").SubmitAsync(request);

    /// <summary>Requires a refusal in one line that says why, and that nothing is left of it.</summary>
    private async Task RefusedAsync(Platform platform, string says, Func<Task<SubmitReply>> submit)
    {
        var reply = await submit();
        Assert.NotNull(reply.Problem);
        Assert.Contains(says, reply.Problem, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Folder["experiments"]));
        Assert.Empty(await platform.Grains.GetGrain<IExperimentGrain>("e").ListAsync());
        // Nothing was stored either.
        Assert.Equal("unknown", (await platform.Grains.GetGrain<ISweepGrain>("e/s").GetStatusAsync()).State);
    }
}
