using Xunit;

namespace AlpacaCot.Tests;

/// <summary>A user of this machine who is nobody the tests know; root starts programs as that user.</summary>
public static class OtherUser
{
    private const string Number = "65533";

    /// <summary>The program that starts others as that user.</summary>
    public const string Setpriv = "/usr/bin/setpriv";

    /// <summary>Its arguments before the command that is started; the test is skipped where that user cannot run the program.</summary>
    /// <param name="program">The file that is run in the end.</param>
    public static IReadOnlyList<string> Arguments(string program)
    {
        Assert.SkipUnless(Environment.UserName == "root" && File.Exists(Setpriv), "another user's programs are started by root with setpriv");
        Assert.SkipUnless(IsReachable(program), $"other users cannot enter the folder of {program}: check out where they can");
        return ["--reuid", Number, "--regid", Number, "--clear-groups"];
    }

    private static bool IsReachable(string program)
    {
        for (var folder = Path.GetDirectoryName(program); folder is not null; folder = Path.GetDirectoryName(folder))
            if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(folder) & UnixFileMode.OtherExecute) == 0) return false;
        return true;
    }
}
