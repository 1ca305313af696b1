using System.Text.Json;
using AlpacaCot.Specs.Facts;
using AlpacaCot.Specs.Validation;

namespace AlpacaCot.Specs.Methods;

/// <summary>How many numbers an adapter trains on a base.</summary>
public static class AdapterSize
{
    /// <summary>Trainable parameters: of LoRA r rows and columns for each targeted projection, of IA3 one factor for each of its outputs, or inputs in the MLP.</summary>
    public static long Of(MethodSpec method, ModelFacts model)
    {
        var targets = Targets.Chosen(method, model).ToList();
        if (method.Method == Ia3Options.Method.Name)
        {
            var option = Ia3Options.Feedforward.Name;
            IReadOnlyList<string> inputs = method.Options.TryGetValue(option, out var given) && given.ValueKind == JsonValueKind.Array ? [.. given.EnumerateArray().Select(name => name.GetString()!)]
                : model.DefaultTargets.GetValueOrDefault(method.Method)?.GetValueOrDefault(option) ?? [];
            return targets.Sum(target => (long)(inputs.Any(name => Targets.Is(target.Path, name)) ? target.In : target.Out));
        }
        var rank = method.Options.TryGetValue(LoraOptions.R.Name, out var chosen) ? chosen.GetInt32() : (int)LoraOptions.R.Default!;
        return targets.Sum(target => (long)rank * (target.In + target.Out));
    }
}
