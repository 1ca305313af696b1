namespace AlpacaCot.Grains.Contracts;

/// <summary>The names of experiments and sweeps: they are parts of grain keys and of folders, and are shown in addresses.</summary>
public static class SweepNames
{
    /// <summary>As long as a folder's name may be everywhere, with room for what is put before and behind it.</summary>
    private const int MostCharacters = 100;

    /// <summary>Why a name cannot be one; null where it can.</summary>
    public static string? ProblemOf(string? name)
        => name is { Length: > 0 and <= MostCharacters } && !name.StartsWith('.') && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.') ? null
            : $"'{(name is { Length: > MostCharacters } ? $"{name[..MostCharacters]}…" : name)}' is no name: use up to {MostCharacters} letters, digits, '-', '_' and '.'";

    /// <summary>The experiment and the name of a sweep's key, <c>experiment/name</c>; null where it is none.</summary>
    public static (string Experiment, string Name)? Split(string key) => key.Split('/') is [var experiment, var name] && ProblemOf(experiment) is null && ProblemOf(name) is null ? (experiment, name) : null;
}
