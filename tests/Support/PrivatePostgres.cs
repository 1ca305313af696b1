using System.Diagnostics;
using Xunit;

namespace AlpacaCot.Tests;

/// <summary>
/// A PostgreSQL server of a test's own: Debian's programs, a folder under the temporary ones, a Unix socket there and no port. Deleted at the end.
/// </summary>
public sealed class PrivatePostgres : IDisposable
{
    private const string Installed = "/usr/lib/postgresql";
    // PostgreSQL refuses to run as root: there it runs as nobody.
    private static readonly string[] _asNobody = Environment.IsPrivilegedProcess ? ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] : [];
    private readonly TemporaryFolder _folder = new();
    private readonly string _programs;
    private readonly Process _guard;

    private PrivatePostgres(string programs)
    {
        _programs = programs;
        // Waits until this process closes the pipe, which it does however it ends, and stops the server: a test that is killed leaves none behind.
        _guard = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", "read -r line; exec \"$@\" >/dev/null 2>&1", "sh", .. Here("pg_ctl", "--pgdata", Data, "--mode", "immediate", "stop")])
        {
            WorkingDirectory = "/", UseShellExecute = false, RedirectStandardInput = true,
        })!;
    }

    /// <summary>How to reach the database <c>postgres</c> on it.</summary>
    public string ConnectionString => $"Host={_folder.Path};Username=test;Database=postgres";

    private string Data => _folder["data"];

    /// <summary>Starts a server; skips the test with a clear line where PostgreSQL is not installed.</summary>
    public static PrivatePostgres Start()
    {
        var programs = Directory.Exists(Installed)
            ? Directory.EnumerateDirectories(Installed).Select(version => Path.Combine(version, "bin")).Where(bin => File.Exists(Path.Combine(bin, "initdb"))).Order(StringComparer.Ordinal).LastOrDefault()
            : null;
        Assert.SkipWhen(programs is null, $"no PostgreSQL: {Installed}/*/bin has no initdb");
        var server = new PrivatePostgres(programs!);
        try
        {
            if (_asNobody.Length > 0) Run(["chown", "65534:65534", server._folder.Path]);
            server.RunHere("initdb", "--pgdata", server.Data, "--username", "test", "--auth", "trust", "--encoding", "UTF8", "--locale", "C", "--no-sync");
            server.Resume();
            return server;
        }
        catch
        {
            server.Dispose();
            throw;
        }
    }

    /// <summary>Stops the server: those that are connected lose it.</summary>
    public void Pause() => RunHere("pg_ctl", "--pgdata", Data, "--mode", "immediate", "--wait", "stop");

    /// <summary>Starts the server again where it was stopped.</summary>
    public void Resume() => RunHere("pg_ctl", "--pgdata", Data, "--wait", "--log", _folder["log"], "--options", $"-c listen_addresses='' -c unix_socket_directories='{_folder.Path}' -c fsync=off", "start");

    /// <inheritdoc/>
    public void Dispose()
    {
        _guard.StandardInput.Close();
        _guard.WaitForExit();
        _guard.Dispose();
        _folder.Dispose();
    }

    private string[] Here(string program, params string[] arguments) => [.. _asNobody, Path.Combine(_programs, program), .. arguments];

    private void RunHere(string program, params string[] arguments) => Run(Here(program, arguments));

    private static void Run(string[] command)
    {
        // The server that pg_ctl leaves behind would keep a pipe open.
        var info = new ProcessStartInfo("/bin/sh") { WorkingDirectory = "/", UseShellExecute = false, RedirectStandardError = true };
        foreach (var part in (string[])["-c", "log=$(mktemp); \"$@\" >\"$log\" 2>&1 </dev/null; code=$?; [ $code = 0 ] || cat \"$log\" >&2; rm -f \"$log\"; exit $code", "sh", .. command]) info.ArgumentList.Add(part);
        using var process = Process.Start(info)!;
        var problem = process.StandardError.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0) throw new InvalidOperationException($"{string.Join(' ', command)}: {problem}");
    }
}
