using System.Text.Json;
using AlpacaCot.Specs.Facts;
using AlpacaCot.Specs.Validation;

namespace AlpacaCot.Specs.Methods;

/// <summary>How many numbers an adapter trains on a base.</summary>
public static class AdapterSize
{
    /// <summary>Trainable parameters, by the method's own count.</summary>
    public static long Of(MethodSpec method, ModelFacts model) => MethodCatalogue.Get(method.Method).Size(method, model);

    /// <summary>The projections of a base that a method targets.</summary>
    internal static IEnumerable<ProjectionFacts> Chosen(MethodSpec method, ModelFacts model) => Targets.Chosen(method, model);

    /// <summary>A whole number that the method was given, else the option's default.</summary>
    internal static int Integer(MethodSpec method, MethodOption option) => method.Options.TryGetValue(option.Name, out var given) ? given.GetInt32() : (int)option.Default!;

    /// <summary>A flag that the method was given, else the option's default.</summary>
    internal static bool Flag(MethodSpec method, MethodOption option) => method.Options.TryGetValue(option.Name, out var given) ? given.GetBoolean() : (bool)option.Default!;

    /// <summary>A word that the method was given, else the option's default.</summary>
    internal static string Word(MethodSpec method, MethodOption option)
        => method.Options.TryGetValue(option.Name, out var given) && given.ValueKind == JsonValueKind.String ? given.GetString()! : option.Default?.ToString() ?? "";

    /// <summary>Whether a projection is among the names of an option, or of its default for the base.</summary>
    internal static bool Names(MethodSpec method, ModelFacts model, MethodOption option, ProjectionFacts projection)
    {
        IReadOnlyList<string> names = method.Options.TryGetValue(option.Name, out var given) && given.ValueKind == JsonValueKind.Array ? [.. given.EnumerateArray().Select(name => name.GetString()!)]
            : model.DefaultTargets.GetValueOrDefault(method.Method)?.GetValueOrDefault(option.Name) ?? [];
        return names.Any(name => Targets.Is(projection.Path, name));
    }
}
