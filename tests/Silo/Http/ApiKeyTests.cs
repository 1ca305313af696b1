using System.Runtime.Versioning;
using AlpacaCot.Silo.Http;

namespace AlpacaCot.Tests.Silo.Http;

/// <summary>The key of a silo's pages.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class ApiKeyTests : IDisposable
{
    private const string Given = "0123456789abcdef";
    private readonly TemporaryFolder _run = new();

    public void Dispose() => _run.Dispose();

    [Fact]
    public void Resolve_Given_OpensWithItAlone()
    {
        var key = ApiKey.Resolve(Given, _run.Path);
        Assert.True(key.IsGiven);
        Assert.True(key.Opens(Given));
        foreach (var wrong in (string?[])[null, "", "0123456789abcdeF", Given + "0", Given[..^1], key.CookieValue]) Assert.False(key.Opens(wrong));
        Assert.Empty(Directory.EnumerateFileSystemEntries(_run.Path));
    }

    [Fact]
    public void Resolve_NothingGiven_MakesOneForTheOwnerAlone_AndKeepsIt()
    {
        var key = ApiKey.Resolve(null, _run.Path);
        Assert.False(key.IsGiven);
        Assert.Equal(43, key.Value.Length);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_run["api-key"]));
        Assert.Equal(key.Value, ApiKey.Resolve("", _run.Path).Value);
        using var other = new TemporaryFolder();
        Assert.NotEqual(key.Value, ApiKey.Resolve(null, other.Path).Value);
    }

    [Fact]
    public async Task Resolve_BySeveralSilosAtOnce_IsOneKey()
        => Assert.Single((await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => ApiKey.Resolve(null, _run.Path).Value)))).Distinct());

    [Fact]
    public void Resolve_KeyThatOthersCanRead_IsRefused()
    {
        ApiKey.Resolve(null, _run.Path);
        File.SetUnixFileMode(_run["api-key"], File.GetUnixFileMode(_run["api-key"]) | UnixFileMode.GroupRead);
        Assert.Contains("delete it", Assert.Throws<FormatException>(() => ApiKey.Resolve(null, _run.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Resolve_ShortKey_IsRefused() => Assert.Contains("16", Assert.Throws<FormatException>(() => ApiKey.Resolve("short", _run.Path)).Message, StringComparison.Ordinal);

    [Fact]
    public void Cookie_IsTheKeysOwn_AndNotTheKey()
    {
        var key = ApiKey.Resolve(Given, _run.Path);
        Assert.True(key.OpensAsCookie(key.CookieValue));
        foreach (var wrong in (string?[])[null, "", Given, ApiKey.Resolve(Given + "0", _run.Path).CookieValue]) Assert.False(key.OpensAsCookie(wrong));
        Assert.DoesNotContain(Given, key.CookieValue, StringComparison.Ordinal);
    }
}
