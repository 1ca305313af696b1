using AlpacaCot.Files;

namespace AlpacaCot.Tests.Files;

public sealed class PlacesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private string Touch(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_folder[path])!);
        File.WriteAllText(_folder[path], "");
        return _folder[path];
    }

    [Fact]
    public void Find_InSeveralRoots_FirstWins()
    {
        var (first, second) = (Touch("sweep/rows.json"), Touch("home/rows.json"));
        Assert.Equal(first, new Places(_folder["sweep"], _folder["home"]).Find("rows.json"));
        Assert.Equal(second, new Places(_folder["home"], _folder["sweep"]).Find("rows.json"));
    }

    [Fact]
    public void Find_OnlyInALaterRoot_IsFound()
    {
        Touch("home/nano/config.json");
        Assert.Equal(_folder["home/nano"], new Places(_folder["sweep"], _folder["home"]).Find("nano"));
    }

    [Fact]
    public void Find_AbsolutePath_StandsForItself()
    {
        var file = Touch("elsewhere/rows.json");
        Assert.Equal(file, new Places(_folder["home"]).Find(file));
    }

    [Theory]
    [InlineData("none")]
    [InlineData("")]
    public void Find_Nothing_IsNull(string reference) => Assert.Null(new Places(_folder.Path).Find(reference));
}
