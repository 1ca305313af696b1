using AlpacaCot.Files;

namespace AlpacaCot.Tests.Files;

/// <summary>Hashes of what files hold, and the folders of a home.</summary>
public sealed class HomeAndHashTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void OfFiles_OtherContentOrBorders_OtherHash()
    {
        var hash = Hash("ab", "c");
        Assert.NotEqual(hash, Hash("ab", "d"));
        Assert.NotEqual(hash, Hash("a", "bc"));
        Assert.NotEqual(hash, Hash("c", "ab"));
        Assert.Equal(hash, Hash("ab", "c"));
    }

    [Fact]
    public void OfFiles_SameContentUnderAnotherName_SameHash()
    {
        File.WriteAllText(_folder["x"], "weights");
        File.WriteAllText(_folder["y"], "weights");
        Assert.Equal(ContentHash.OfFiles([_folder["x"]]), ContentHash.OfFiles([_folder["y"]]));
    }

    [Fact]
    public void MakePrivate_NewOrOpenFolder_IsItsOwnersAlone()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("file modes are Unix's");
            return;
        }
        const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        HomeLayout.MakePrivate(_folder["new"]);
        Assert.Equal(Owner, File.GetUnixFileMode(_folder["new"]));
        File.SetUnixFileMode(_folder["new"], Owner | UnixFileMode.OtherRead | UnixFileMode.GroupWrite);
        HomeLayout.MakePrivate(_folder["new"]);
        Assert.Equal(Owner, File.GetUnixFileMode(_folder["new"]));
    }

    [Fact]
    public void Find_Folder_IsFoundLikeAFile()
    {
        Directory.CreateDirectory(_folder["models/nano"]);
        Assert.Equal(_folder["models/nano"], new Places(_folder["models"]).Find("nano"));
    }

    [Fact]
    public void WriteDirectory_SamePathTwice_LeavesNoTemporaryFolders()
    {
        for (var i = 0; i < 2; i++) AtomicFile.WriteDirectory(_folder["d"], folder => File.WriteAllText(Path.Combine(folder, "a"), "1"));
        Assert.Throws<InvalidDataException>(() => AtomicFile.WriteDirectory(_folder["e"], _ => throw new InvalidDataException("no")));
        Assert.Equal([_folder["d"]], Directory.GetFileSystemEntries(_folder.Path));
    }

    private string Hash(params string[] contents)
    {
        var files = contents.Select((content, i) =>
        {
            File.WriteAllText(_folder[$"f{i}"], content);
            return _folder[$"f{i}"];
        }).ToList();
        return ContentHash.OfFiles(files);
    }
}
