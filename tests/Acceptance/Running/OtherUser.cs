namespace AlpacaCot.Tests.Acceptance;

/// <summary>Another user of this machine, whose programs a test can run where it runs as root.</summary>
internal static class OtherUser
{
    private const string Setpriv = "/usr/bin/setpriv", Number = "65533";

    /// <summary>Starts a program as that user, with a home or none.</summary>
    public static Running Start(Home home, string? platformHome, string program, params string[] arguments)
    {
        Assert.SkipUnless(Environment.UserName == "root" && File.Exists(Setpriv), "another user's programs are started by root with setpriv");
        Assert.SkipUnless(IsReachable(program), $"other users cannot enter the folder of {program}: check out where they can");
        string[] environment = platformHome is null ? ["-u", Home.Variable, "-u", "HOME"] : [$"{Home.Variable}={platformHome}"];
        return home.StartProgram(Setpriv, ["--reuid", Number, "--regid", Number, "--clear-groups", "/usr/bin/env", .. environment, program, .. arguments]);
    }

    private static bool IsReachable(string program)
    {
        for (var folder = Path.GetDirectoryName(program); folder is not null; folder = Path.GetDirectoryName(folder))
            if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(folder) & UnixFileMode.OtherExecute) == 0) return false;
        return true;
    }
}
