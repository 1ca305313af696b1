using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace AlpacaCot.Tests.Acceptance;

/// <summary>A home of the platform in a short temporary folder. At its end every process that belongs to it is killed, by its id, and the folder deleted.</summary>
public sealed class Home : IDisposable
{
    /// <summary>The environment variable that names the home to the programs.</summary>
    public const string Variable = "ALPACACOT_HOME";

    private static readonly TimeSpan _timeout = TimeSpan.FromSeconds(400);

    /// <summary>Makes a home.</summary>
    public Home() => Root = Directory.CreateTempSubdirectory("ac-").FullName;

    /// <summary>The home's folder.</summary>
    public string Root { get; }

    /// <summary>The connection string of the cluster whose home it is; null where there is none.</summary>
    public string? Cluster { get; init; }

    /// <summary>A path in the home.</summary>
    public string this[string relative] => Path.Combine(Root, relative);

    /// <summary>Runs <c>alpacacot</c> with arguments to its end.</summary>
    public Task<Ran> RunAsync(params string[] arguments) => Start(arguments).EndAsync(_timeout);

    /// <summary>Starts <c>alpacacot</c> with arguments.</summary>
    public Running Start(params string[] arguments) => StartProgram(Programs.Client, arguments);

    /// <summary>Starts one of the platform's programs in this home.</summary>
    public Running StartProgram(string program, params string[] arguments)
    {
        var info = new ProcessStartInfo(program)
        {
            WorkingDirectory = Root, UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true,
            StandardOutputEncoding = Encoding.UTF8, StandardErrorEncoding = Encoding.UTF8,
        };
        foreach (var argument in arguments) info.ArgumentList.Add(argument);
        info.Environment[Variable] = Root;
        info.Environment["ALPACACOT_CLUSTER"] = Cluster;
        info.Environment["DOTNET_EnableWriteXorExecute"] = "0";
        info.Environment["DOTNET_TieredPGO"] = "0";
        var process = Process.Start(info)!;
        process.StandardInput.Close();
        return new Running(process, string.Join(' ', arguments));
    }

    /// <summary>Runs <c>alpacacot</c> where no file may grow over a limit: what a full disk looks like to a program.</summary>
    public Task<Ran> RunLimitedAsync(int kilobytes, params string[] arguments)
    {
        var script = string.Create(CultureInfo.InvariantCulture, $"trap '' XFSZ; ulimit -f {kilobytes}; exec \"$@\"");
        return StartProgram("/bin/bash", ["-c", script, "bash", Programs.Client, .. arguments]).EndAsync(_timeout);
    }

    /// <summary>The processes of this home that run a program (<c>Silo</c>, <c>Worker</c>): found by their environment, so that no other home's are among them.</summary>
    public IReadOnlyList<int> Processes(string? program = null)
    {
        var found = new List<int>();
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var id) || id == Environment.ProcessId) continue;
            try
            {
                var command = File.ReadAllText(Path.Combine(folder, "cmdline")).Split('\0')[0];
                if (program is not null && Path.GetFileName(command) != $"AlpacaCot.{program}") continue;
                if (File.ReadAllText(Path.Combine(folder, "environ")).Split('\0').Contains($"{Variable}={Root}")) found.Add(id);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // It has ended in between, or is another user's.
            }
        }
        return found;
    }

    /// <summary>Kills processes of this home with signal 9 and says how many there were.</summary>
    public int Kill(string program)
    {
        var ids = Processes(program);
        foreach (var id in ids) Signal(id);
        return ids.Count;
    }

    /// <summary>Waits until something is true.</summary>
    public static async Task UntilAsync(Func<bool> condition, string what, TimeSpan? limit = null)
    {
        var clock = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(clock.Elapsed < (limit ?? _timeout), $"after {clock.Elapsed.TotalSeconds:0} s still not: {what}");
            await Task.Delay(10);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // A silo that is going may have started one more worker in between.
        for (var round = 0; round < 3 && Processes() is { Count: > 0 } left; round++)
            foreach (var id in left) Signal(id);
        for (var round = 0; round < 3; round++)
            try
            {
                Directory.Delete(Root, recursive: true);
                return;
            }
            catch (IOException)
            {
                // A killed process may still be closing its files.
            }
    }

    private static void Signal(int id)
    {
        try
        {
            using var process = Process.GetProcessById(id);
            process.Kill();
            process.WaitForExit(60_000);
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException)
        {
            // It has ended by itself.
        }
    }
}
