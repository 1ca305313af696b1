using System.Security.Cryptography;
using AlpacaCot.Data.Catalogue;
using AlpacaCot.Files.Hub;
using AlpacaCot.Specs;
using AlpacaCot.Tests;

namespace AlpacaCot.Data.Tests;

public sealed class DatasetAddingTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly HubClient _hub;

    public DatasetAddingTests() => _hub = new HubClient(new HubOptions { Root = _folder["downloads"], Offline = true }, TimeProvider.System);

    public void Dispose()
    {
        _hub.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Add_LocalFile_CanBeNamedAfterwards()
    {
        File.WriteAllText(_folder["rows.jsonl"], """{"instruction": "a", "output": "b"}""");
        var hash = Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(_folder["rows.jsonl"])));

        Assert.Equal([_folder["sets/mine.jsonl"]], await AddAsync(_folder["rows.jsonl"], "mine", hash));
        Assert.Equal([_folder["sets/mine.jsonl"]], new DatasetCatalogue(_folder["sets"]).Files(new SourceSpec { Set = "mine" }));
    }

    [Fact]
    public async Task Add_Folder_KeepsItsFilesOfRows()
    {
        Directory.CreateDirectory(_folder["set"]);
        File.WriteAllText(_folder["set/b.jsonl.gz"], "x");
        File.WriteAllText(_folder["set/a.csv"], "x");
        File.WriteAllText(_folder["set/notes.pdf"], "x");

        Assert.Equal([_folder["sets/set/a.csv"], _folder["sets/set/b.jsonl.gz"]], await AddAsync(_folder["set"]));
    }

    [Theory]
    [InlineData("rows.jsonl", null, "0000000000000000000000000000000000000000000000000000000000000000", "its SHA-256 is")]
    [InlineData("rows.jsonl", null, "00", "is no SHA-256")]
    [InlineData("rows.jsonl", "../up", null, "is no name of a data set")]
    [InlineData("rows.pdf", null, null, "is called like no file of rows")]
    [InlineData("doly", null, null, "did you mean 'dolly'")]
    [InlineData("gpt4tools", null, null, "get it from StevenGrove/GPT4Tools")]
    public async Task Add_WhatCannotBeAdded_SaysWhyInOneLine(string reference, string? name, string? sha256, string why)
    {
        foreach (var file in (string[])["rows.jsonl", "rows.pdf"]) File.WriteAllText(_folder[file], "{}");

        var error = await Assert.ThrowsAsync<DatasetException>(() => AddAsync(File.Exists(_folder[reference]) ? _folder[reference] : reference, name, sha256));

        Assert.Contains(why, error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder["sets"]));
    }

    [Fact]
    public async Task Add_KnownSetWhileOffline_SaysWhatIsMissing()
        => Assert.Contains("the client is offline", (await Assert.ThrowsAsync<HubException>(() => AddAsync("dolly"))).Message, StringComparison.Ordinal);

    private Task<IReadOnlyList<string>> AddAsync(string reference, string? name = null, string? sha256 = null)
        => new DatasetAdding(_hub, _folder["sets"]).AddAsync(reference, name, sha256, "main", null, TestContext.Current.CancellationToken);
}
