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

    /// <summary>The home that the environment names, made if need be.</summary>
    public static HomeLayout FromEnvironment()
    {
        var named = Environment.GetEnvironmentVariable(Variable);
        var root = Path.GetFullPath(string.IsNullOrEmpty(named) ? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".alpacacot") : named);
        Directory.CreateDirectory(root);
        return new HomeLayout(root);
    }
}
