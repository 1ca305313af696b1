namespace AlpacaCot.Tests.Acceptance;

/// <summary>Programs that another user of the machine starts.</summary>
internal static class AsAnotherUser
{
    /// <summary>Starts a program as that user, with a home or none.</summary>
    public static Running Start(Home home, string? platformHome, string program, params string[] arguments)
    {
        string[] environment = platformHome is null ? ["-u", Home.Variable, "-u", "HOME"] : [$"{Home.Variable}={platformHome}"];
        return home.StartProgram(OtherUser.Setpriv, [.. OtherUser.Arguments(program), "/usr/bin/env", .. environment, program, .. arguments]);
    }
}
