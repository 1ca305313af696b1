using AlpacaCot.Client;
using AlpacaCot.Client.Library;
using AlpacaCot.Client.Running;
using AlpacaCot.Specs;
using AlpacaCot.Worker.Protocol.Tools;

namespace AlpacaCot.Tests.Client;

/// <summary><c>data show --sweep</c>: a mix is shown as the sweep trains it.</summary>
public sealed class SweepDataTests : IDisposable
{
    private const string Sweep = """
        name: x
        seeds: [5]
        models: [{ name: m, path: nano }]
        peft: [lora]
        data: [{ name: a, sources: [goat] }, { name: b, sources: [{ path: rows.json }], template: plain, cot: answer }]
        template: goat
        training: { cutoff_len: 99, train_on_prompt: true }
        """;
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static ShowDataRequest Empty { get; } = new() { Data = new DataSpec { Sources = [] }, Model = "" };

    private Task<ShowDataRequest> OfAsync(string? name, string text = Sweep, ShowDataRequest? given = null)
    {
        File.WriteAllText(_folder["sweep.yaml"], text);
        return SweepData.OfAsync(given ?? Empty, _folder["sweep.yaml"], name, CancellationToken.None);
    }

    [Fact]
    public async Task Of_TakesModelTemplateCutoffMaskSeedAndFolderFromTheSweep()
    {
        var request = await OfAsync("a");
        Assert.Equal(("nano", 99, true, 5, _folder.Path), (request.Model, request.CutoffLen!.Value, request.TrainOnPrompt, request.Seed!.Value, request.BaseDirectory));
        Assert.Equal("goat", request.Data.Template);
        Assert.Equal("plain", (await OfAsync("b")).Data.Template);
    }

    [Fact]
    public async Task Of_WhatIsGivenStays()
    {
        var request = await OfAsync("a", given: Empty with { Model = "other", CutoffLen = 7, Seed = 1 });
        Assert.Equal(("other", 7, 1), (request.Model, request.CutoffLen!.Value, request.Seed!.Value));
    }

    [Theory]
    [InlineData(null, "choose one with --data: a, b")]
    [InlineData("aa", "did you mean 'a'?")]
    public async Task Of_NoSuchMix_SaysWhichThereAre(string? name, string says)
        => Assert.Contains(says, (await Assert.ThrowsAsync<ClientException>(() => OfAsync(name))).Message, StringComparison.Ordinal);

    [Fact]
    public async Task Of_WrongFile_TellsTheFirstErrorAndWhereToReadAll()
    {
        Assert.Contains("sweep validate", (await Assert.ThrowsAsync<ClientException>(() => OfAsync("a", Sweep + "\nunheard_of: 1"))).Message, StringComparison.Ordinal);
        var missing = (await Assert.ThrowsAsync<ClientException>(() => SweepData.OfAsync(Empty, _folder["swep.yaml"], null, CancellationToken.None))).Message;
        Assert.Contains($"looked in {_folder.Path}", missing, StringComparison.Ordinal);
    }
}
