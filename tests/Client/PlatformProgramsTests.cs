using AlpacaCot.Client.Library;
using AlpacaCot.Files;

namespace AlpacaCot.Tests.Client;

/// <summary>Where a program that takes the client library finds silo and worker.</summary>
public sealed class PlatformProgramsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private PlatformPrograms Programs(string? named = null, string searchPath = "") => new(new HomeLayout(_folder["home"]), named, _folder["own"], searchPath);

    /// <summary>The programs as a checkout builds them.</summary>
    private string Built(string checkout)
    {
        var worker = Path.Combine(_folder[checkout], "artifacts", "bin", "Worker", "release", "AlpacaCot.Worker.dll");
        foreach (var folder in (string[])[Path.GetDirectoryName(worker)!, Path.Combine(_folder[checkout], "artifacts", "bin", "Client", "release")]) Directory.CreateDirectory(folder);
        File.WriteAllText(worker, "");
        return worker;
    }

    [Fact]
    public void Find_BesideTheProgram_NeedsNothing()
    {
        Directory.CreateDirectory(_folder["own"]);
        File.WriteAllText(_folder["own/AlpacaCot.Worker.dll"], "");
        Assert.Equal(_folder["own/AlpacaCot.Worker.dll"], Programs().Find("Worker"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Find_CommandOnTheSearchPath_LeadsToItsCheckout(bool linked)
    {
        var worker = Built("checkout");
        File.WriteAllText(_folder["checkout/alpacacot"], "");
        Directory.CreateDirectory(_folder["bin"]);
        if (linked) File.CreateSymbolicLink(_folder["bin/alpacacot"], _folder["checkout/alpacacot"]);
        Assert.Equal(worker, Programs(searchPath: $"/no/such/folder:{_folder[linked ? "bin" : "checkout"]}").Find("Worker"));
    }

    [Fact]
    public void Find_PublishedClientOnTheSearchPath_LeadsToItsNeighbours()
    {
        foreach (var program in (string[])["Client", "Worker"]) Directory.CreateDirectory(_folder[$"opt/{program}"]);
        foreach (var file in (string[])["opt/Client/AlpacaCot.Client", "opt/Worker/AlpacaCot.Worker.dll"]) File.WriteAllText(_folder[file], "");
        Directory.CreateDirectory(_folder["bin"]);
        File.CreateSymbolicLink(_folder["bin/alpacacot"], _folder["opt/Client/AlpacaCot.Client"]);
        Assert.Equal(_folder["opt/Worker/AlpacaCot.Worker.dll"], Programs(searchPath: _folder["bin"]).Find("Worker"));
    }

    [Fact]
    public void Find_HomeThatWasUsed_RemembersItsPrograms()
    {
        var worker = Built("checkout");
        Directory.CreateDirectory(_folder["home/run"]);
        Programs().Remember(worker);
        Assert.Equal(worker, Programs().Find("Worker"));
        // What has gone since is no place to look in.
        Directory.Delete(_folder["checkout"], recursive: true);
        Assert.Throws<ClientException>(() => Programs().Find("Worker"));
    }

    [Fact]
    public void Find_Named_IsLookedForNowhereElse()
    {
        var worker = Built("checkout");
        Assert.Equal(worker, Programs(named: _folder["checkout/artifacts/bin/Client/release"]).Find("Worker"));
        Directory.CreateDirectory(_folder["home/run"]);
        Programs().Remember(worker);
        var e = Assert.Throws<ClientException>(() => Programs(named: _folder["other"]).Find("Worker"));
        Assert.Contains(_folder["other"], e.Message, StringComparison.Ordinal);
        Assert.Contains("AlpacaCot.Worker.dll", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Find_Nowhere_NamesWhatToSet()
    {
        var e = Assert.Throws<ClientException>(() => Programs().Find("Silo"));
        Assert.Contains("AlpacaCot.Silo.dll", e.Message, StringComparison.Ordinal);
        Assert.Contains("LaboratoryOptions.Programs", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
    }
}
