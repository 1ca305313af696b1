namespace AlpacaCot.Worker.Protocol;

/// <summary>
/// What sweeps of one home share: adapters under <c>cache/adapters/&lt;training_key&gt;</c>, results under <c>cache/results/&lt;result_key&gt;</c>. A worker leaves them there, each folder whole or
/// not at all; a later sweep with an equal key takes them over instead of computing them.
/// </summary>
public static class SharedWork
{
    /// <summary>The file that describes what a folder holds.</summary>
    public const string Description = "shared.json";

    /// <summary>Folder of the adapter of a training key.</summary>
    public static string Adapter(WorkerFolders folders, string key) => Path.Combine(Adapters(folders), key);

    /// <summary>Folder of the result of a result key.</summary>
    public static string Result(WorkerFolders folders, string key) => Path.Combine(Results(folders), key);

    /// <summary>Folder of all shared adapters.</summary>
    public static string Adapters(WorkerFolders folders) => Path.Combine(folders.Cache, "adapters");

    /// <summary>Folder of all shared results.</summary>
    public static string Results(WorkerFolders folders) => Path.Combine(folders.Cache, "results");
}

/// <summary>A shared adapter.</summary>
/// <param name="Sweep">The sweep that trained it.</param>
/// <param name="Sha256">Hash of its weights.</param>
/// <param name="Steps">Optimiser steps.</param>
/// <param name="FinalLoss">Loss of the last step.</param>
/// <param name="Seconds">Time of its pack's training.</param>
/// <param name="Tokens">Real tokens that it was trained on.</param>
public sealed record SharedAdapter(string Sweep, string Sha256, long Steps, double FinalLoss, double Seconds, long Tokens);

/// <summary>A shared result.</summary>
/// <param name="Sweep">The sweep that computed it.</param>
/// <param name="Metrics">Metric to value.</param>
/// <param name="Items">Items asked.</param>
/// <param name="Seconds">Time that it took.</param>
/// <param name="ResultFile">Name of the result file beside this description, or null.</param>
/// <param name="PromptsCut">Prompts that were longer than the model's positions and lost their beginning.</param>
public sealed record SharedResult(string Sweep, IReadOnlyDictionary<string, double> Metrics, int Items, double Seconds, string? ResultFile, int PromptsCut = 0);
