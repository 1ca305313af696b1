using System.Globalization;

namespace AlpacaCot.Tests.Acceptance;

/// <summary>What other users of the machine, and other machines, get of a home: nothing.</summary>
[Trait("Category", "Acceptance")]
public sealed class NobodyElseTests(Bases bases) : IDisposable
{
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(60);
    private readonly Home _home = new();

    public void Dispose() => _home.Dispose();

    /// <summary>The home is a folder that was open to all, under a folder that still is.</summary>
    [Fact]
    public async Task AnotherUser_ReadsNothing_AndIsAnsweredByNoSocket()
    {
        if (OperatingSystem.IsWindows()) return;
        const UnixFileMode Open = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;
        File.SetUnixFileMode(_home.Root, Open);
        Directory.CreateDirectory(_home["home"]);
        File.SetUnixFileMode(_home["home"], Open);
        var silo = _home.StartProgram("/usr/bin/env", $"{Home.Variable}={_home["home"]}", Programs.Silo);
        try
        {
            await Home.UntilAsync(() => silo.Said.Contains("silo ready", StringComparison.Ordinal), "the silo is up");
            (await AsAnotherUser.Start(_home, null, "/bin/ls", _home["home"]).EndAsync(_limit)).Ended(2);
            (await AsAnotherUser.Start(_home, _home["home"], Programs.Client, "sweep", "list").EndAsync(_limit)).Refused(2, _home["home"], "cannot be written by this user");
            // Let in by hand, the other user is still not talked to.
            foreach (var folder in (string[])["home", "home/run"]) File.SetUnixFileMode(_home[folder], Open);
            File.SetUnixFileMode(_home["home/run/silo.sock"], Open | UnixFileMode.OtherWrite);
            Directory.CreateDirectory(_home["theirs"]);
            File.SetUnixFileMode(_home["theirs"], Open | UnixFileMode.OtherWrite);
            (await AsAnotherUser.Start(_home, _home["theirs"], Programs.Client, "sweep", "list").EndAsync(_limit)).Refused(2, "theirs", "cannot be written");
        }
        finally
        {
            silo.Process.Kill();
            await silo.EndAsync(_limit);
        }
    }

    [Fact]
    public async Task Silo_WithoutAPort_ListensToNone()
    {
        var silo = _home.StartProgram(Programs.Silo);
        await Home.UntilAsync(() => silo.Said.Contains("silo ready", StringComparison.Ordinal), "the silo is up");
        Assert.Empty(PortsOf(silo.Process.Id));
        silo.Process.Kill();
        await silo.EndAsync(_limit);
    }

    /// <summary>The ports of the network to which a process listens.</summary>
    private static List<string> PortsOf(int process)
    {
        var sockets = Directory.EnumerateFiles(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/fd")).Select(file => new FileInfo(file).LinkTarget ?? "").Where(link => link.StartsWith("socket:[", StringComparison.Ordinal))
            .Select(link => link["socket:[".Length..^1]).ToHashSet(StringComparer.Ordinal);
        Assert.NotEmpty(sockets);
        const string Listening = "0A";
        return [.. ((string[])["tcp", "tcp6", "udp", "udp6"]).Select(kind => $"/proc/net/{kind}").Where(File.Exists).SelectMany(File.ReadLines)
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Where(words => words.Length > 9 && sockets.Contains(words[9]) && (words[3] == Listening || words[3] == "07")).Select(words => words[1])];
    }

    [Fact]
    public async Task Sweep_LeavesNothingThatOthersMayRead()
    {
        if (OperatingSystem.IsWindows()) return;
        (await _home.RunAsync("sweep", "run", Sweeps.Write(_home, Sweeps.Tiny(bases.Sums, "private", steps: 2, items: 1)))).Done();
        const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;
        foreach (var folder in (string[])["", "run", "state"]) Assert.Equal(default, File.GetUnixFileMode(_home[folder]) & Others);
    }
}
