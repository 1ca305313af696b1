namespace AlpacaCot.Client.Running;

/// <summary>A sweep as the command line names it.</summary>
internal sealed record SweepName(string Experiment, string Name)
{
    /// <summary>The experiment of sweeps that name none.</summary>
    public const string DefaultExperiment = "default";

    /// <summary>The sweep's grain key.</summary>
    public string Key => $"{Experiment}/{Name}";

    /// <summary>Refuses names that could not be folders.</summary>
    public SweepName Checked()
    {
        foreach (var part in (string[])[Experiment, Name])
            if (part.Length is 0 or > 100 || part.StartsWith('.') || !part.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'))
                throw new ClientException($"'{part}' is no name: use up to 100 letters, digits, '-', '_' and '.'");
        return this;
    }
}
