using System.Text.Json.Serialization;
using AlpacaCot.Specs.Methods;

namespace AlpacaCot.Experiments.Expansion;

/// <summary>One cell of the grid: what is trained and how it is asked.</summary>
/// <param name="Index">Place in the sweep's order, from 0.</param>
/// <param name="Model">Name of the axis value.</param>
/// <param name="Peft">Name of the axis value.</param>
/// <param name="Data">Name of the axis value.</param>
/// <param name="Cot">Name of the axis value.</param>
/// <param name="Seed">The seed.</param>
/// <param name="Training">Index of its training in <see cref="Grid.Trainings"/>; trials that differ only in how they are asked share one.</param>
/// <param name="TrialKey">SHA-256 (hex) of the training key and of how it is asked.</param>
/// <param name="ResultKeys">Evaluation name to SHA-256 (hex) of the trial key, the suite, its items and its scorer.</param>
public sealed record Trial(
    int Index, string Model, string Peft, string Data, string Cot, int Seed, int Training, string TrialKey,
    IReadOnlyDictionary<string, string> ResultKeys)
{
    /// <summary>The stable name: <c>llama-nano+lora-r8+alpaca-cot+cue+s0</c>.</summary>
    [JsonIgnore]
    public string Name => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Group}+s{Seed}");

    /// <summary>The name without its seed: trials of one group differ in nothing else.</summary>
    [JsonIgnore]
    public string Group => $"{Model}+{Peft}+{Data}+{Cot}";

    /// <summary>Axis to the name of this trial's value on it, seed included.</summary>
    [JsonIgnore]
    public IReadOnlyDictionary<string, string> Factors => new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["model"] = Model, ["peft"] = Peft, ["data"] = Data, ["cot"] = Cot, ["seed"] = Seed.ToString(System.Globalization.CultureInfo.InvariantCulture),
    };
}

/// <summary>One adapter to be trained; all trials of one <see cref="Key"/> share it.</summary>
/// <param name="Index">Place in the sweep's order, from 0.</param>
/// <param name="Key">SHA-256 (hex) of everything that changes the trained weights.</param>
/// <param name="Name">The stable name: <c>llama-nano+lora-r8+alpaca-cot+s0</c>.</param>
/// <param name="Model">Name of the axis value.</param>
/// <param name="Peft">Name of the axis value.</param>
/// <param name="Data">Name of the axis value.</param>
/// <param name="Seed">The seed.</param>
/// <param name="LearningRate">The resolved peak learning rate.</param>
/// <param name="LearningRateSource">Where it comes from.</param>
/// <param name="Trials">Indices of the trials that ask this adapter.</param>
public sealed record TrainingRun(
    int Index, string Key, string Name, string Model, string Peft, string Data, int Seed, double LearningRate, LearningRateSource LearningRateSource, IReadOnlyList<int> Trials);

/// <summary>A sweep's grid, expanded.</summary>
/// <param name="Trials">All trials, in the order models, peft, data, cot, seeds.</param>
/// <param name="Trainings">The adapters to be trained for them, in the order of their first trial.</param>
public sealed record Grid(IReadOnlyList<Trial> Trials, IReadOnlyList<TrainingRun> Trainings);
