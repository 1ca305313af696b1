using AlpacaCot.Grains.Contracts;

namespace AlpacaCot.Client.Library;

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
            if (SweepNames.ProblemOf(part) is { } problem) throw new ClientException(problem);
        return this;
    }
}
