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
    public void Looked_NullCharacter_IsSaid()
    {
        Assert.Null(new Places(_folder.Path).Find("a\0b"));
        Assert.Contains("null character", new Places(_folder.Path).Looked("a\0b", (_, _) => null), StringComparison.Ordinal);
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

    [Fact]
    public void Looked_NamesEveryFolder_AndWhatIsNear()
    {
        Touch("sweep/other.txt");
        Touch("home/rows/train.json");
        var places = new Places(_folder["sweep"], _folder["home"]);
        static string? Nearest(string word, IEnumerable<string> known) => known.FirstOrDefault(name => name[0] == word[0]);
        var text = places.Looked("rows/tain.json", Nearest);
        Assert.Contains($"looked in {_folder["sweep/rows"]} and {_folder["home/rows"]}", text, StringComparison.Ordinal);
        Assert.EndsWith("did you mean 'rows/train.json'?", text, StringComparison.Ordinal);
        Assert.DoesNotContain("did you mean", places.Looked("zebra", (_, _) => null), StringComparison.Ordinal);
        Assert.Equal("it is empty", places.Looked(" ", Nearest));
    }
}
