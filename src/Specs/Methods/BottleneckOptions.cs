using System.Globalization;
using System.Text.Json.Nodes;

namespace AlpacaCot.Specs.Methods;

/// <summary>What the three bottleneck adapters of LLM-Adapters (Hu et al. 2023, arXiv:2304.01933) share.</summary>
public static class BottleneckOptions
{
    /// <summary>Their <c>peft_type</c>.</summary>
    public const string PeftType = "BOTTLENECK";

    /// <summary>The word of <see cref="Scaling"/> for a factor that is trained.</summary>
    public const string Learned = "learned";

    /// <summary>The field that is true of the parallel adapter.</summary>
    public const string Parallel = "use_parallel_adapter";

    /// <summary>The field that is true of the one behind the MLP alone.</summary>
    public const string AdapterP = "use_adapterp";

    /// <summary>Width of the bottleneck.</summary>
    public static MethodOption Size { get; } = new("bottleneck_size", OptionKind.Integer, 256, "Width of the bottleneck") { Min = 1, Max = 1 << 16 };

    /// <summary>The function inside.</summary>
    public static MethodOption Activation { get; } = new("non_linearity", OptionKind.Choice, "tanh", "The function inside the bottleneck") { Choices = ["tanh", "relu", "gelu", "silu"] };

    /// <summary>Dropout on its input.</summary>
    public static MethodOption Dropout { get; } = new("adapter_dropout", OptionKind.Number, 0.0, "Dropout on the adapter's input") { Aliases = ["dropout"], Max = 0.999999 };

    /// <summary>Factor of what it adds.</summary>
    public static MethodOption Scaling { get; } = new("scaling", OptionKind.Text, "1.0", "Factor of what the adapter adds: a number, or learned");

    /// <summary>Projections that get one.</summary>
    public static MethodOption Targets { get; } = new("target_modules", OptionKind.Modules, null, "Projections that get an adapter: names, or a regular expression of whole paths") { Aliases = ["targets"] };

    /// <summary>How it starts.</summary>
    public static MethodOption Init { get; } = new("init_weights", OptionKind.Choice, "bert", "How the adapter starts: bert is N(0, 0.02) both ways, mam_adapter Kaiming uniform down and zero up") { Aliases = ["adapter_init"], Choices = ["bert", "mam_adapter"] };

    /// <summary>One of the three.</summary>
    /// <param name="name">Its name in a sweep file.</param>
    /// <param name="parallel">Whether it stands beside its targets.</param>
    /// <param name="adapterP">Whether it stands behind the MLP alone.</param>
    internal static MethodDefinition Define(string name, bool parallel, bool adapterP) => new(
        name, PeftType, 3e-4, "the rate of LLM-Adapters", [Size, Activation, Dropout, Scaling, Targets, Init, OwnWeightsOptions.ModulesToSave])
    {
        Fixed = new SortedDictionary<string, JsonNode>(StringComparer.Ordinal) { [Parallel] = parallel, [AdapterP] = adapterP },
        Size = (method, model) => AdapterSize.Chosen(method, model).Sum(projection =>
        {
            // Before an up projection its input is what is changed, behind a down projection its output; beside one it goes from the one to the other.
            var (input, output) = parallel ? (projection.In, projection.Out) : IsBefore(projection.Path) ? (projection.In, projection.In) : (projection.Out, projection.Out);
            return (long)AdapterSize.Integer(method, Size) * (input + output) + (AdapterSize.Word(method, Scaling) == Learned ? 1 : 0);
        }),
        Faults = (method, model) => model is null && AdapterSize.Word(method, Scaling) is var scaling && scaling != Learned && !double.TryParse(scaling, CultureInfo.InvariantCulture, out _)
            ? [(Scaling.Name, $"'{scaling}' is neither a number nor '{Learned}'")] : [],
        NotBuilt = [new("bias", "none", "training the base's biases")],
    };

    /// <summary>Whether a sequential adapter stands before a projection of that name: those that lead into the MLP. Null where it has no place at it.</summary>
    public static bool? Stands(string path)
    {
        var name = path[(path.LastIndexOf('.') + 1)..];
        return Into.Contains(name, StringComparer.Ordinal) ? true : OutOf.Contains(name, StringComparer.Ordinal) ? false : null;
    }

    private static readonly string[] Into = ["gate_proj", "up_proj", "gate_up_proj", "dense_h_to_4h", "fc_in", "c_fc", "fc1", "w1", "w3"];
    private static readonly string[] OutOf = ["down_proj", "dense_4h_to_h", "fc_out", "c_proj", "fc2", "w2"];

    private static bool IsBefore(string path) => Stands(path) == true;
}
