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

    /// <summary>Two silos that start in a fresh home make its key at the same time, and must have one key then.</summary>
    [Fact]
    public void CreateOnce_ManyAtOnce_AllGetTheSame()
    {
        const int Programs = 4, Rounds = 300;
        using var together = new Barrier(Programs);
        var got = new string[Programs, Rounds];
        var threads = Enumerable.Range(0, Programs).Select(program => new Thread(() =>
        {
            for (var round = 0; round < Rounds; round++)
                got[program, round] = AtomicFile.CreateOnce(_folder[$"key-{round}"], () =>
                {
                    // All have seen that there is none.
                    together.SignalAndWait();
                    return $"made by {program}";
                });
        })).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        for (var round = 0; round < Rounds; round++)
        {
            var kept = File.ReadAllText(_folder[$"key-{round}"]);
            for (var program = 0; program < Programs; program++) Assert.Equal(kept, got[program, round]);
        }
        Assert.Equal(Rounds, Directory.EnumerateFileSystemEntries(_folder.Path).Count());
        if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_folder["key-0"]));
    }

    [Fact]
    public void CreateOnce_WhereNothingCanBeMade_SaysSo()
    {
        File.WriteAllText(_folder["file"], "");
        Assert.ThrowsAny<IOException>(() => AtomicFile.CreateOnce(_folder["file/key"], () => ""));
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

    [Fact]
    public void Home_IsItsOwnersAlone_WithItsSocketsAndItsState()
    {
        const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        Directory.CreateDirectory(_folder["open"]);
        foreach (var name in (string[])["open", "new/deep"])
        {
            var home = HomeLayout.Of(_folder[name], "/nobody");
            Assert.Equal(_folder[name], home.Root);
            foreach (var folder in (string[])[home.Root, home.Run, home.State])
                if (!OperatingSystem.IsWindows()) Assert.Equal(Owner, File.GetUnixFileMode(folder));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("relative")]
    public void Home_WithoutAName_IsNeverInTheWorkingFolder(string profile)
    {
        var e = Assert.Throws<HomeException>(() => HomeLayout.Of(null, profile));
        Assert.Contains("set ALPACACOT_HOME", e.Message, StringComparison.Ordinal);
        Assert.Equal(_folder[".alpacacot"], HomeLayout.Of("", _folder.Path).Root);
    }

    [Fact]
    public void Home_ThatIsNone_IsNamedWithTheFix()
    {
        File.WriteAllText(_folder["file"], "");
        Directory.CreateDirectory(_folder["shared"]);
        // As /tmp is: to close it would lock others out.
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(_folder["shared"], File.GetUnixFileMode(_folder["shared"]) | UnixFileMode.StickyBit | UnixFileMode.OtherWrite);
        Assert.True(HomeLayout.IsShared(Path.GetPathRoot(_folder.Path)!));
        foreach (var (path, says) in ((string, string)[])[(_folder["file"], "is a file"), (_folder["file/below"], "cannot be written"), (_folder["shared"], "other programs")])
        {
            var e = Assert.Throws<HomeException>(() => HomeLayout.Of(path, _folder.Path));
            Assert.Contains(path, e.Message, StringComparison.Ordinal);
            Assert.Contains(says, e.Message, StringComparison.Ordinal);
            Assert.Contains("set ALPACACOT_HOME", e.Message, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', e.Message);
        }
    }
}
