using System.Diagnostics;
using AlpacaCot.Client;
using AlpacaCot.Client.Library;
using AlpacaCot.Client.Running;

namespace AlpacaCot.Tests.Client;

public sealed class OpeningTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("opening-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Open_FirstProgramIsNotThere_TakesTheNext()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "a shell script is no program there");
        var program = Path.Combine(_folder, "reader");
        await File.WriteAllTextAsync(program, $"#!/bin/sh\nprintf %s \"$1\" > '{_folder}/part' && mv '{_folder}/part' '{_folder}/opened'\n", TestContext.Current.CancellationToken);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Opening.Open("/x/a report.html", ["/nowhere/reader", program]);
        var waited = Stopwatch.StartNew();
        while (!File.Exists(Path.Combine(_folder, "opened")) && waited.Elapsed < TimeSpan.FromSeconds(60)) await Task.Yield();
        Assert.Equal("/x/a report.html", await File.ReadAllTextAsync(Path.Combine(_folder, "opened"), TestContext.Current.CancellationToken));
    }

    [Fact]
    public void Open_NoProgram_SaysWhereTheReportIs()
    {
        var problem = Assert.Throws<ClientException>(() => Opening.Open("/x/report.html", ["/nowhere/reader"]));
        Assert.Equal("nothing on this machine opens a page (/nowhere/reader are not there); the report is /x/report.html", problem.Message);
    }
}
