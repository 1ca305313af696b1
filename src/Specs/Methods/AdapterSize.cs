using System.Text.Json;
using AlpacaCot.Specs.Facts;
using AlpacaCot.Specs.Validation;

namespace AlpacaCot.Specs.Methods;

/// <summary>How many numbers an adapter trains on a base.</summary>
public static class AdapterSize
{
    /// <summary>Trainable parameters, by the method's own count.</summary>
    public static long Of(MethodSpec method, ModelFacts model) => MethodCatalogue.Get(method.Method).Size(method, model) + OwnWeightsOptions.Size(method, model);

    /// <summary>The projections of a base that a method targets.</summary>
    internal static IEnumerable<ProjectionFacts> Chosen(MethodSpec method, ModelFacts model) => Targets.Chosen(method, model);

    /// <summary>Whether an option that names modules names one of a path; <paramref name="otherwise"/> where it is not given.</summary>
    internal static bool Selects(MethodSpec method, MethodOption option, string path, bool otherwise)
    {
        if (!method.Options.TryGetValue(option.Name, out var given)) return otherwise;
        if (given.ValueKind == JsonValueKind.Array) return given.EnumerateArray().Any(name => Targets.Is(path, name.GetString()!));
        return given.ValueKind == JsonValueKind.String && given.GetString() is { } pattern && !ModulePattern.IsAllLinear(pattern) && Targets.Matches(ModulePattern.Whole(pattern), path);
    }

    /// <summary>Rows and width of the embedding and of the head, with the number of values in the head's bias; none where they are not known.</summary>
    internal static IEnumerable<(string Path, long Rows, long Width, long Bias)> Tables(ModelFacts model)
    {
        long Of(string path, string part) => model.Tensors.FirstOrDefault(t => t.Name.EndsWith("." + part, StringComparison.Ordinal) && t.Module.Length > 0 && Targets.Is(path, t.Module))?.Values ?? 0;
        if (model is not { Tables.Count: 2, VocabularySize: > 0 and var rows }) yield break;
        var embedding = Of(model.Tables[0], "weight");
        yield return (model.Tables[0], rows, embedding / rows, 0);
        // A tied head is the embedding, of which a member that trains it has a copy.
        yield return (model.Tables[1], rows, (Of(model.Tables[1], "weight") is > 0 and var own ? own : embedding) / rows, Of(model.Tables[1], "bias"));
    }

    /// <summary>A whole number that the method was given, else the option's default.</summary>
    internal static int Integer(MethodSpec method, MethodOption option) => method.Options.TryGetValue(option.Name, out var given) ? given.GetInt32() : (int)option.Default!;

    /// <summary>The rank of one projection: that of the first pattern that means it, else the option's.</summary>
    internal static int Rank(MethodSpec method, MethodOption rank, MethodOption patterns, ProjectionFacts projection)
    {
        if (method.Options.TryGetValue(patterns.Name, out var given) && given.ValueKind == JsonValueKind.Object)
            foreach (var pattern in given.EnumerateObject())
                if (ModulePattern.IsMatch(ModulePattern.Ending(pattern.Name), projection.Path)) return pattern.Value.GetInt32();
        return Integer(method, rank);
    }

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
