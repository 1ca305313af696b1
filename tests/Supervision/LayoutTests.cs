using AlpacaCot.Files;
using AlpacaCot.Supervision;
using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Tests.Supervision;

/// <summary>Where programs and files are looked for.</summary>
public sealed class LayoutTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private string Touch(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_folder[path])!);
        File.WriteAllText(_folder[path], "");
        return _folder[path];
    }

    [Theory]
    [InlineData("bin/Client/release", "bin/Worker/release/AlpacaCot.Worker.dll")]
    [InlineData("published", "published/AlpacaCot.Worker.dll")]
    [InlineData("published/Client", "published/Worker/AlpacaCot.Worker.dll")]
    public void Find_BuildOrPublishedFolder_FindsTheProgram(string from, string at)
    {
        var expected = Touch(at);
        Directory.CreateDirectory(_folder[from]);
        Assert.Equal(expected, Siblings.Find(_folder[from], "Worker"));
        Assert.Equal(expected, Siblings.Find(_folder[from] + "/", "Worker"));
    }

    [Fact]
    public void Find_OtherConfiguration_IsNotTaken()
    {
        Touch("bin/Worker/debug/AlpacaCot.Worker.dll");
        Directory.CreateDirectory(_folder["bin/Client/release"]);
        var e = Assert.Throws<FileNotFoundException>(() => Siblings.Find(_folder["bin/Client/release"], "Worker"));
        Assert.Contains("AlpacaCot.Worker.dll", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Command_WithAndWithoutOwnExecutable()
    {
        var program = Touch("a/AlpacaCot.Worker.dll");
        Assert.Equal(["dotnet", program], Siblings.Command(program));
        Assert.Equal([Touch("a/AlpacaCot.Worker")], Siblings.Command(program));
    }

    [Fact]
    public void HomeLayout_EverythingLiesUnderTheRoot()
    {
        var home = new HomeLayout("/h");
        Assert.Equal("/h/run/silo.sock", home.SiloSocket);
        Assert.Equal("/h/experiments/e/s", home.Sweep("e", "s"));
        Assert.Equal(new WorkerFolders("/h/models", "/h/datasets", "/h/cache"), home.WorkerFolders);
        Assert.All([home.Datasets, home.Models, home.Cache, home.State, home.Run, home.Logs], path => Assert.StartsWith("/h/", path, StringComparison.Ordinal));
    }
}
