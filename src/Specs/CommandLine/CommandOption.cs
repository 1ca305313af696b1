namespace AlpacaCot.Specs.CommandLine;

/// <summary>An option of a command that stands for a key of the sweep file.</summary>
/// <param name="Key">The key, <c>batch_size</c>.</param>
/// <param name="Meaning">What <c>--help</c> says.</param>
/// <param name="Many">Whether it takes several values.</param>
/// <param name="Flag">Whether it may stand without a value, which is true then.</param>
public sealed record CommandOption(string Key, string Meaning, bool Many = false, bool Flag = false)
{
    /// <summary>Its name on the command line, <c>--batch-size</c>.</summary>
    public string Name => NameOf(Key);

    /// <summary>The name of a key on the command line.</summary>
    public static string NameOf(string key) => "--" + key.Replace('_', '-');
}
