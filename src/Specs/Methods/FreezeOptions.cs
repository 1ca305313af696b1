using System.Text.Json;
using AlpacaCot.Specs.Facts;

namespace AlpacaCot.Specs.Methods;

/// <summary>Freezing: the weights of a few blocks are trained, the others stay as they are. Names and meanings are LLaMA-Factory's.</summary>
public static class FreezeOptions
{
    private const string AllModules = "all";

    /// <summary>How many blocks are trained.</summary>
    public static MethodOption Layers { get; } = new("freeze_trainable_layers", OptionKind.Integer, 2, "Blocks that are trained: the last so many, or the first so many where it is below 0") { Aliases = ["trainable_layers"], Min = -4096, Max = 4096 };

    /// <summary>What of them is trained.</summary>
    public static MethodOption Modules { get; } = new("freeze_trainable_modules", OptionKind.Texts, null, "Modules of those blocks that are trained (self_attn, mlp); all otherwise") { Aliases = ["trainable_modules"] };

    /// <summary>What is trained beside them.</summary>
    public static MethodOption Extra { get; } = new("freeze_extra_modules", OptionKind.Texts, null, "Modules outside the blocks that are trained too (embed_tokens, norm, lm_head)") { Aliases = ["extra_modules"] };

    /// <summary>The method.</summary>
    public static MethodDefinition Method { get; } = new("freeze", "FREEZE", 5e-5, "LLaMA-Factory's default, between full fine-tuning's rate and an adapter's", [Layers, Modules, Extra])
    {
        Meaning = "The weights of a few blocks, or of modules beside them; the others stay as they are",
        TrainsBase = true,
        Size = (method, model) => Of(method) is var choice
            ? model.Projections.Where(p => choice.Trains(p.Path + ".weight", model.Layers)).Sum(p => (long)p.In * p.Out + (p.Bias ? p.Out : 0)) + model.Tensors.Where(t => choice.Trains(t.Name, model.Layers)).Sum(t => t.Values) : 0,
        Faults = Check,
    };

    /// <summary>Which weights are trained.</summary>
    /// <param name="Layers">The last so many blocks, or the first so many where it is below 0.</param>
    /// <param name="Modules">Their modules; all where it is empty.</param>
    /// <param name="Extra">Modules outside the blocks.</param>
    public sealed record Choice(int Layers, IReadOnlyList<string> Modules, IReadOnlyList<string> Extra)
    {
        /// <summary>Whether a tensor of a model is trained.</summary>
        /// <param name="tensor">Its name in the file, <c>model.layers.3.mlp.up_proj.weight</c>.</param>
        /// <param name="blocks">The model's blocks.</param>
        public bool Trains(string tensor, int blocks)
        {
            var (block, inner) = Place(tensor);
            if (block is not { } number) return Extra.Any(name => Holds(tensor, name));
            return (Layers > 0 ? number >= blocks - Layers : number < -Layers) && (Modules.Count == 0 || Modules.Contains(AllModules, StringComparer.Ordinal) || Modules.Any(name => Begins(inner, name)));
        }

        /// <summary>What of the choice means nothing on a model, the option and one line each.</summary>
        /// <param name="tensors">Names of the model's tensors; empty where they are not known.</param>
        /// <param name="blocks">The model's blocks; 0 where they are not known.</param>
        public IEnumerable<(string Option, string Message)> Faults(IReadOnlyList<string> tensors, int blocks)
        {
            if (Layers == 0) yield return (FreezeOptions.Layers.ShortName, "0 blocks leave nothing to train");
            if (blocks > 0 && Math.Abs(Layers) > blocks) yield return (FreezeOptions.Layers.ShortName, FormattableString.Invariant($"{Math.Abs(Layers)} blocks are more than the {blocks} that the model has; method: full trains them all"));
            if (tensors.Count == 0) yield break;
            var places = tensors.Select(tensor => (Tensor: tensor, Place: Place(tensor))).ToList();
            var inside = places.Where(tensor => tensor.Place.Block is not null).Select(tensor => tensor.Place.Inner).Distinct(StringComparer.Ordinal).ToList();
            var outside = places.Where(tensor => tensor.Place.Block is null).Select(tensor => tensor.Tensor).ToList();
            foreach (var name in Modules.Where(name => name != AllModules && !inside.Any(rest => Begins(rest, name))))
                yield return (FreezeOptions.Modules.ShortName, $"the blocks have no module '{name}'; theirs are {string.Join(", ", inside.Select(rest => rest.Split('.')[0]).Distinct(StringComparer.Ordinal))}");
            foreach (var name in Extra.Where(name => !outside.Any(tensor => Holds(tensor, name))))
                yield return (FreezeOptions.Extra.ShortName, $"there is no module '{name}' outside the blocks; there are {string.Join(", ", outside.Select(tensor => tensor.Split('.')).Select(parts => parts[Math.Max(0, parts.Length - 2)]).Distinct(StringComparer.Ordinal))}");
        }

        // Block and what follows its number: model.layers.3.mlp.up_proj.weight is (3, mlp.up_proj.weight).
        private static (int? Block, string Inner) Place(string tensor)
        {
            var parts = tensor.Split('.');
            var at = Array.FindIndex(parts, part => part.Length is > 0 and < 7 && part.All(char.IsAsciiDigit));
            return at < 0 ? (null, tensor) : (int.Parse(parts[at], System.Globalization.CultureInfo.InvariantCulture), string.Join('.', parts[(at + 1)..]));
        }

        private static bool Begins(string rest, string name) => rest.StartsWith(name + ".", StringComparison.Ordinal);

        private static bool Holds(string tensor, string name) => $".{tensor}.".Contains($".{name}.", StringComparison.Ordinal);
    }

    private static Choice Of(MethodSpec method) => new(AdapterSize.Integer(method, Layers), Words(method, Modules), Words(method, Extra));

    private static IReadOnlyList<string> Words(MethodSpec method, MethodOption option) => !method.Options.TryGetValue(option.Name, out var given) ? []
        : given.ValueKind == JsonValueKind.Array ? [.. given.EnumerateArray().Select(word => word.GetString()!)] : [given.GetString()!];

    private static IEnumerable<(string Option, string Message)> Check(MethodSpec method, ModelFacts? model)
    {
        var faults = Of(method).Faults(
            model is { Tensors.Count: > 0 } ? [.. model.Projections.Select(p => p.Path + ".weight"), .. model.Tensors.Select(t => t.Name)] : [], model?.Layers ?? 0);
        // What is wrong on any base is told once.
        return model is null ? faults : faults.Except(Of(method).Faults([], 0)).Select(fault => (fault.Option, $"{fault.Message} ({model.Name})"));
    }
}
