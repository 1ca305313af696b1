using AlpacaCot.Grains.Sweeps;

namespace AlpacaCot.Tests.Grains;

/// <summary>What superseded fences left on disk.</summary>
public sealed class FenceFoldersTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void DeleteSuperseded_OlderNewerAndReferredTo_OnlyWhatIsOlderAndNotReferredToGoes()
    {
        foreach (var path in (string[])["3/a", "3/b", "9/a", "10/a", "11/a", "notes/a"]) Directory.CreateDirectory(_folder[path]);

        FenceFolders.DeleteSuperseded(_folder.Path, 10, [_folder["3/b/weights"]]);

        Assert.Equal(["10", "10/a", "11", "11/a", "3", "3/b", "notes", "notes/a"],
            Directory.EnumerateDirectories(_folder.Path, "*", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(_folder.Path, path)).Order(StringComparer.Ordinal));
    }
}
