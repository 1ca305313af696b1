using System.Text.Json.Nodes;
using AlpacaCot.Specs.Facts;

namespace AlpacaCot.Specs.Methods;

/// <summary>The type of an adapter option's value.</summary>
public enum OptionKind
{
    /// <summary>A whole number.</summary>
    Integer,

    /// <summary>A number.</summary>
    Number,

    /// <summary>True or false.</summary>
    Flag,

    /// <summary>Modules: <c>all-linear</c>, a regular expression of whole paths, or a list of names (<c>[q_proj, v_proj]</c>).</summary>
    Modules,

    /// <summary>A whole number or a list of them.</summary>
    Integers,

    /// <summary>A text.</summary>
    Text,

    /// <summary>A word or a list of them.</summary>
    Texts,

    /// <summary>One of <see cref="MethodOption.Choices"/>; <c>true</c> and <c>false</c> are flags.</summary>
    Choice,

    /// <summary>A mapping from a pattern of module paths to a whole number.</summary>
    IntegerMap,

    /// <summary>A mapping from a pattern of module paths to a number.</summary>
    NumberMap,
}

/// <summary>
/// One option of an adapter method, declared once: the sweep file, the command line and <c>adapter_config.json</c> read, judge, explain and write it by this.
/// </summary>
/// <param name="Name">PEFT's name of the field in <c>adapter_config.json</c>.</param>
/// <param name="Kind">The value's type.</param>
/// <param name="Default">What an option stands for that a sweep or a command leaves out, as PEFT writes it; null leaves it to the model's family.</param>
/// <param name="Meaning">One sentence.</param>
public sealed record MethodOption(string Name, OptionKind Kind, JsonNode? Default, string Meaning)
{
    /// <summary>Shorter names that a sweep file may use (<c>alpha</c>).</summary>
    public IReadOnlyList<string> Aliases { get; init; } = [];

    /// <summary>The words of an <see cref="OptionKind.Choice"/>.</summary>
    public IReadOnlyList<string> Choices { get; init; } = [];

    /// <summary>Words of an <see cref="OptionKind.Choice"/> that hold a number: how they are shown, and the test of one.</summary>
    public (string Shown, Func<string, bool> Is)? NumberedChoice { get; init; }

    /// <summary>The words of an <see cref="OptionKind.Choice"/> as they are shown.</summary>
    public IReadOnlyList<string> ShownChoices => NumberedChoice is { } numbered ? [.. Choices, numbered.Shown] : Choices;

    /// <summary>Smallest value.</summary>
    public double Min { get; init; }

    /// <summary>Largest value.</summary>
    public double Max { get; init; } = int.MaxValue;

    /// <summary>Whether <see cref="Min"/> itself is excluded.</summary>
    public bool Above { get; init; }

    /// <summary>Whether an <c>adapter_config.json</c> is written with it; settings of the optimiser are not.</summary>
    public bool InFile { get; init; } = true;

    /// <summary>What PEFT takes where an <c>adapter_config.json</c> lacks the field, where that is another value than <see cref="Default"/>.</summary>
    public JsonNode? AbsentInFile { get; init; }

    /// <summary>The value of a file that lacks the field.</summary>
    public JsonNode? FileDefault => AbsentInFile ?? Default;

    /// <summary>The name that a sweep file and the command line use by preference: the first alias, else PEFT's.</summary>
    public string ShortName => Aliases.Count > 0 ? Aliases[0] : Name;

    /// <summary>Whether a number is within the limits.</summary>
    public bool Allows(double value) => value <= Max && (Above ? value > Min : value >= Min);

    /// <summary>The limit that a value breaks, in words; the largest number of all goes without saying elsewhere.</summary>
    public string LimitsAgainst(double value) => value > Max && Max >= int.MaxValue ? FormattableString.Invariant($"at most {Max}") : Limits;

    /// <summary>The limits in words: <c>at least 1 and at most 4096</c>.</summary>
    public string Limits => FormattableString.Invariant($"{(Above ? "above" : "at least")} {Min}{(Max < int.MaxValue ? FormattableString.Invariant($" and at most {Max}") : "")}");
}

/// <summary>A field of PEFT's that this project does not have yet.</summary>
/// <param name="Name">The field's name.</param>
/// <param name="Off">Its value where the feature is off, which is also what is written.</param>
/// <param name="Feature">What it would do.</param>
public sealed record UnbuiltOption(string Name, JsonNode? Off, string Feature);

/// <summary>An adapter method as everybody knows it: its options and its own learning rate. Its mathematics lives in the Adapters room.</summary>
/// <param name="Name">The name in a sweep file.</param>
/// <param name="PeftType">PEFT's <c>peft_type</c>.</param>
/// <param name="DefaultLearningRate">The rate of adapters that are given none.</param>
/// <param name="LearningRateReason">Where that rate comes from.</param>
/// <param name="Options">The options that are built.</param>
public sealed record MethodDefinition(
    string Name, string PeftType, double DefaultLearningRate, string LearningRateReason, IReadOnlyList<MethodOption> Options)
{
    /// <summary>What it trains, one line.</summary>
    public string Meaning { get; init; } = "";

    /// <summary>Fields of <c>adapter_config.json</c> that make it this method, where several share a <c>peft_type</c>.</summary>
    public IReadOnlyDictionary<string, JsonNode> Fixed { get; init; } = new SortedDictionary<string, JsonNode>();

    /// <summary>How many numbers an adapter trains on a base.</summary>
    public Func<MethodSpec, ModelFacts, long> Size { get; init; } = (_, _) => 0;

    /// <summary>Virtual rows that it puts in front of every row of tokens, which are computed like them.</summary>
    public Func<MethodSpec, int> VirtualRows { get; init; } = _ => 0;

    /// <summary>What of its settings cannot work, the option and one line each: on any base where the model is null, else on that one.</summary>
    public Func<MethodSpec, ModelFacts?, IEnumerable<(string Option, string Message)>> Faults { get; init; } = (_, _) => [];

    /// <summary>Whether its targets are projections; otherwise they are norms, or it has none.</summary>
    public bool TargetsProjections { get; init; } = true;

    /// <summary>Whether it trains weights of the base itself: it then shares the base with no other training, and what it saves is a whole model.</summary>
    public bool TrainsBase { get; init; }

    /// <summary>Why it cannot train a base that is held so, one line; null where it can.</summary>
    /// <param name="precision">How the base is held, one of <see cref="TrainingSpec.Precisions"/>.</param>
    public string? PrecisionFault(string precision) => TrainsBase && precision is not ("fp32" or "bf16")
        ? $"{Name} trains the base's own weights, of which {precision} holds too little: use fp32 or bf16 (they are trained in fp32 either way), or an adapter over {precision}" : null;

    /// <summary>Options that PEFT has and this project does not have yet.</summary>
    public IReadOnlyList<UnbuiltOption> NotBuilt { get; init; } = [];

    /// <summary>The option of that name or alias, or null.</summary>
    public MethodOption? Option(string name) => Options.FirstOrDefault(o => o.Name == name || o.Aliases.Contains(name, StringComparer.Ordinal));
}
