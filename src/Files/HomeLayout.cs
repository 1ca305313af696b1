namespace AlpacaCot.Files;

/// <summary>Where everything lies under the platform's home (<c>$ALPACACOT_HOME</c>, default <c>~/.alpacacot</c>): the only place outside a checkout that is written.</summary>
/// <param name="Root">The home.</param>
public sealed record HomeLayout(string Root)
{
    /// <summary>The environment variable that names the home.</summary>
    public const string Variable = "ALPACACOT_HOME";

    /// <summary>Registered data sets.</summary>
    public string Datasets => Path.Combine(Root, "datasets");

    /// <summary>Model directories.</summary>
    public string Models => Path.Combine(Root, "models");

    /// <summary>Caches: tokens by content, results by key.</summary>
    public string Cache => Path.Combine(Root, "cache");

    /// <summary>Grain state.</summary>
    public string State => Path.Combine(Root, "state");

    /// <summary>Sockets and locks.</summary>
    public string Run => Path.Combine(Root, "run");

    /// <summary>Logs of silo and workers.</summary>
    public string Logs => Path.Combine(Root, "logs");

    /// <summary>The silo's gateway.</summary>
    public string SiloSocket => Path.Combine(Run, "silo.sock");

    /// <summary>Folder of one sweep.</summary>
    public string Sweep(string experiment, string sweep) => Path.Combine(Experiments, experiment, sweep);

    /// <summary>Folder of all experiments.</summary>
    public string Experiments => Path.Combine(Root, "experiments");

    /// <summary>Adapters that were kept of a sweep that is deleted.</summary>
    public string KeptAdapters(string experiment, string sweep) => Path.Combine(Root, "adapters", experiment, sweep);

    /// <summary>Makes a folder that only its owner may look into: whoever reaches a socket in it commands what listens there.</summary>
    public static void MakePrivate(string folder)
    {
        const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(folder);
        else if (!Directory.Exists(folder)) Directory.CreateDirectory(folder, Owner);
        else if (File.GetUnixFileMode(folder) != Owner) File.SetUnixFileMode(folder, Owner);
    }

    /// <summary>The home that the environment names, made if need be and its owner's alone: what is in it may be private, and whoever writes there decides what runs.</summary>
    /// <exception cref="HomeException">There is none, or it cannot be used.</exception>
    public static HomeLayout FromEnvironment() => Of(Environment.GetEnvironmentVariable(Variable), Environment.GetFolderPath(Environment.SpecialFolder.UserProfile));

    /// <summary>The home in a folder, made if need be and its owner's alone.</summary>
    /// <exception cref="HomeException">It cannot be used.</exception>
    public static HomeLayout At(string folder) => Of(folder, "");

    /// <summary>The home of a name, or of the user's folder where there is none.</summary>
    internal static HomeLayout Of(string? named, string profile)
    {
        // A relative path would lead into whatever folder the program is run from.
        if (string.IsNullOrEmpty(named) && !Path.IsPathFullyQualified(profile)) throw new HomeException($"neither {Variable} nor HOME names a folder: set {Variable} to the folder that the platform may write to");
        var root = Path.GetFullPath(string.IsNullOrEmpty(named) ? Path.Combine(profile, ".alpacacot") : named);
        var fix = $"set {Variable} to a folder of your own";
        if (File.Exists(root)) throw new HomeException($"the home {root} is a file: {fix}");
        if (IsShared(root)) throw new HomeException($"the home {root} is a folder that other programs use: {fix}, below it for example");
        var home = new HomeLayout(root);
        try
        {
            MakePrivate(root);
            MakePrivate(home.Run);
            MakePrivate(home.State);
            return home;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new HomeException($"the home {root} cannot be written by this user ({e.Message}): make it this user's, or {fix}", e);
        }
    }

    /// <summary>The root of the file system, and folders such as /tmp whose entries are their owners' alone: to close one would lock others out.</summary>
    internal static bool IsShared(string folder)
        => Path.GetPathRoot(folder) == folder || (!OperatingSystem.IsWindows() && Directory.Exists(folder) && File.GetUnixFileMode(folder).HasFlag(UnixFileMode.StickyBit));
}
