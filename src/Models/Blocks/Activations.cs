using AlpacaCot.Kernels;

namespace AlpacaCot.Models.Blocks;

/// <summary>The activations by their names in <c>config.json</c>, and what they compute.</summary>
internal static class Activations
{
    private static readonly (string Name, Activation Activation)[] Names =
    [
        ("silu", Activation.Silu), ("swish", Activation.Silu), ("gelu_new", Activation.GeluTanh), ("gelu_pytorch_tanh", Activation.GeluTanh),
        ("gelu_fast", Activation.GeluTanh), ("gelu", Activation.GeluErf), ("relu", Activation.Relu),
    ];

    /// <summary>The names that are known, in order.</summary>
    public static IReadOnlyList<string> Known { get; } = [.. Names.Select(entry => entry.Name)];

    /// <summary>The activation of a name, or null.</summary>
    public static Activation? Find(string name) => Array.Find(Names, entry => entry.Name == name) is { Name: not null } found ? found.Activation : null;

    public static Tensor Apply(this Activation activation, Tensor x) => activation switch
    {
        Activation.Silu => torch.nn.functional.silu(x),
        Activation.GeluTanh => Functional.GeluTanh(x),
        Activation.GeluErf => torch.nn.functional.gelu(x),
        _ => torch.nn.functional.relu(x),
    };
}
