using System.Globalization;
using System.Text.Json.Serialization;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Methods;

namespace AlpacaCot.Experiments.Expansion;

/// <summary>One cell of the grid: what is trained and how it is asked. An untuned base is a trial as well: nothing is trained, and it is asked as the tuned ones are.</summary>
/// <param name="Index">Place in the sweep's order, from 0.</param>
/// <param name="Model">Name of the axis value.</param>
/// <param name="Peft">Name of the axis value; <see cref="MethodSpec.UntunedName"/> for an untuned base.</param>
/// <param name="Data">Name of the axis value; null for an untuned base.</param>
/// <param name="Cot">Name of the axis value.</param>
/// <param name="Seed">The seed; null for an untuned base whose answers are not drawn, since every seed gives the same.</param>
/// <param name="Training">Index of its training in <see cref="Grid.Trainings"/>; trials that differ only in how they are asked share one. Null for an untuned base.</param>
/// <param name="TrialKey">SHA-256 (hex) of the training key, or of the base, and of how it is asked.</param>
/// <param name="ResultKeys">Evaluation name to SHA-256 (hex) of the trial key, the suite, its items and its scorer.</param>
public sealed record Trial(
    int Index, string Model, string Peft, string? Data, string Cot, int? Seed, int? Training, string TrialKey,
    IReadOnlyDictionary<string, string> ResultKeys)
{
    /// <summary>The template that an untuned base is asked through; null for a tuned trial, whose adapter brings its own.</summary>
    public string? Template { get; init; }

    /// <summary>Whether the sweep asks its bases through several templates, so that the template is part of the name.</summary>
    public bool NamesTemplate { get; init; }

    /// <summary>The group of the untuned base that is asked as this tuned trial is: what it is compared with. Null where there is none.</summary>
    public string? Base { get; init; }

    /// <summary>Whether this is a base without an adapter.</summary>
    [JsonIgnore]
    public bool IsUntuned => Training is null;

    /// <summary>The stable name: <c>llama-nano+lora-r8+alpaca-cot+cue+s0</c>; <c>llama-nano+base+cue</c> of an untuned base.</summary>
    [JsonIgnore]
    public string Name => Seed is { } seed ? string.Create(CultureInfo.InvariantCulture, $"{Group}+s{seed}") : Group;

    /// <summary>The name without its seed: trials of one group differ in nothing else.</summary>
    [JsonIgnore]
    public string Group => string.Join('+', Factors.Where(factor => factor.Key != "seed").Select(factor => factor.Value));

    /// <summary>Axis to the name of this trial's value on it, seed included, in the order of its name. An untuned base has a value on the axes that it has alone.</summary>
    [JsonIgnore]
    public IReadOnlyDictionary<string, string> Factors
    {
        get
        {
            var factors = new Dictionary<string, string>(StringComparer.Ordinal) { ["model"] = Model, ["peft"] = Peft };
            if (Data is not null) factors["data"] = Data;
            if (NamesTemplate && Template is not null) factors["template"] = Template;
            factors["cot"] = Cot;
            if (Seed is { } seed) factors["seed"] = seed.ToString(CultureInfo.InvariantCulture);
            return factors;
        }
    }
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
/// <param name="Trials">All trials, in the order models, peft, data, cot, seeds; untuned bases after the others.</param>
/// <param name="Trainings">The adapters to be trained for them, in the order of their first trial.</param>
public sealed record Grid(IReadOnlyList<Trial> Trials, IReadOnlyList<TrainingRun> Trainings);
