using System.Text.Json.Nodes;
using AlpacaCot.Client;
using AlpacaCot.Client.Library;
using AlpacaCot.Client.Running;

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

    private async Task<JsonObject> AddAsync(string? name, string text = Sweep, JsonObject? given = null)
    {
        File.WriteAllText(_folder["sweep.yaml"], text);
        var options = given ?? [];
        await SweepData.AddAsync(options, _folder["sweep.yaml"], name, CancellationToken.None);
        return options;
    }

    [Fact]
    public async Task Add_TakesModelTemplateCutoffMaskSeedAndFolderFromTheSweep()
    {
        var options = await AddAsync("a");
        Assert.Equal(("nano", 99, true, 5, _folder.Path), ((string)options["model"]!, (int)options["cutoff_len"]!, (bool)options["train_on_prompt"]!, (int)options["seed"]!, (string)options["base_directory"]!));
        Assert.Equal("goat", (string)options["data"]!["template"]!);
        Assert.Equal("plain", (string)(await AddAsync("b"))["data"]!["template"]!);
    }

    [Fact]
    public async Task Add_WhatIsGivenStays()
    {
        var options = await AddAsync("a", given: new JsonObject { ["model"] = "other", ["cutoff_len"] = 7, ["seed"] = 1 });
        Assert.Equal(("other", 7, 1), ((string)options["model"]!, (int)options["cutoff_len"]!, (int)options["seed"]!));
    }

    [Theory]
    [InlineData(null, "choose one with --data: a, b")]
    [InlineData("aa", "did you mean 'a'?")]
    public async Task Add_NoSuchMix_SaysWhichThereAre(string? name, string says)
        => Assert.Contains(says, (await Assert.ThrowsAsync<ClientException>(() => AddAsync(name))).Message, StringComparison.Ordinal);

    [Fact]
    public async Task Add_WrongFile_TellsTheFirstErrorAndWhereToReadAll()
    {
        Assert.Contains("sweep validate", (await Assert.ThrowsAsync<ClientException>(() => AddAsync("a", Sweep + "\nunheard_of: 1"))).Message, StringComparison.Ordinal);
        var missing = (await Assert.ThrowsAsync<ClientException>(() => SweepData.AddAsync([], _folder["swep.yaml"], null, CancellationToken.None))).Message;
        Assert.Contains($"looked in {_folder.Path}", missing, StringComparison.Ordinal);
    }
}
