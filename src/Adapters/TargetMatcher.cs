using System.Globalization;
using System.Text.RegularExpressions;
using AlpacaCot.Models;
using AlpacaCot.Specs.Methods;

namespace AlpacaCot.Adapters;

/// <summary>Finds the projections that a configuration targets, by PEFT's rules.</summary>
internal static partial class TargetMatcher
{
    // From this many names on, PEFT writes the shortest endings that still select the same modules.
    private const int ShortenFrom = 20;

    /// <summary>The targeted projections, in the decoder's order.</summary>
    /// <exception cref="AdapterException">None matches.</exception>
    /// <exception cref="AdapterNotSupportedException">The embedding or the head is targeted.</exception>
    public static IReadOnlyList<ProjectionSite> Match(TargetedConfig config, Decoder decoder)
    {
        var (sites, embedding, head) = MatchWithTables(config, decoder);
        if (embedding || head)
            throw new AdapterNotSupportedException($"target_modules '{config.TargetModules}' ask for {(embedding ? decoder.EmbeddingPath : decoder.HeadPath)}: {config.PeftType} adapters on the embedding or the head are not supported");
        return sites;
    }

    /// <summary>The targeted projections, and whether the embedding and the head are targeted.</summary>
    /// <exception cref="AdapterException">Nothing matches.</exception>
    public static (IReadOnlyList<ProjectionSite> Sites, bool Embedding, bool Head) MatchWithTables(TargetedConfig config, Decoder decoder)
    {
        var sites = decoder.Projections.Where(site => Matches(config, site.Path)).ToList();
        var (embedding, head) = (Matches(config, decoder.EmbeddingPath), Matches(config, decoder.HeadPath));
        if (sites.Count > 0 || embedding || head) return (sites, embedding, head);
        var known = string.Join(", ", decoder.Projections.Select(site => site.Name).Distinct(StringComparer.Ordinal));
        throw new AdapterException($"target_modules '{config.TargetModules}' match no projection of this model; its projections are {known}");
    }

    /// <summary>Whether a module path is targeted.</summary>
    public static bool Matches(TargetedConfig config, string path)
    {
        if (config.ExcludeModules?.Selects(path) == true || OwnWeightsOptions.Selects(config.Saved, path)) return false;
        var targets = config.TargetModules!;
        if (targets.Lists(path)) return true; // a whole path asks for that very module: layers are not looked at
        return targets.Selects(path) && InLayers(path, config.Layers, config.LayersPattern);
    }

    /// <summary>Writes <c>all-linear</c> out as a list, shortened to endings where it is long.</summary>
    /// <param name="targets">The targets.</param>
    /// <param name="sites">All projections of the model.</param>
    /// <param name="tensors">Names of all tensors of the model, from which its other modules follow.</param>
    /// <param name="shorten">Whether long lists are shortened (not for IA3).</param>
    public static ModuleSelection Expand(ModuleSelection targets, IReadOnlyList<ProjectionSite> sites, IEnumerable<string> tensors, bool shorten)
    {
        if (!targets.IsAllLinear) return targets;
        var paths = sites.Select(site => site.Path).ToList();
        return ModuleSelection.Of(shorten && paths.Count >= ShortenFrom ? Shorten(paths, Modules(tensors).Except(paths, StringComparer.Ordinal)) : paths);
    }

    private static bool InLayers(string path, OneOrMany<int>? layers, OneOrMany<string>? patterns)
    {
        if (layers is null || layers is { Single: false, Values.Count: 0 }) return true;
        var match = patterns is null or { Single: false, Values.Count: 0 }
            ? FirstNumber().Match(path)
            : patterns.Values.Select(name => Regex.Match(path, $@"\A.*\.{name}\.(\d+)\.", RegexOptions.CultureInvariant)).FirstOrDefault(m => m.Success);
        return match is { Success: true } && layers.Values.Contains(int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture));
    }

    private static List<string> Shorten(IReadOnlyList<string> paths, IEnumerable<string> others)
    {
        var taken = others.SelectMany(Endings).ToHashSet(StringComparer.Ordinal);
        var chosen = new List<string>();
        foreach (var path in paths)
        {
            if (chosen.Any(ending => path.EndsWith("." + ending, StringComparison.Ordinal))) continue;
            chosen.Add(Endings(path).First(ending => !taken.Contains(ending) || ending == path));
        }
        return chosen;
    }

    private static IEnumerable<string> Modules(IEnumerable<string> tensors)
    {
        foreach (var tensor in tensors)
            for (var at = tensor.LastIndexOf('.'); at > 0; at = tensor.LastIndexOf('.', at - 1))
                yield return tensor[..at];
    }

    private static IEnumerable<string> Endings(string path)
    {
        for (var at = path.LastIndexOf('.'); at > 0; at = path.LastIndexOf('.', at - 1)) yield return path[(at + 1)..];
        yield return path;
    }

    [GeneratedRegex(@"\A.*?\.[^.]*\.(\d+)\.", RegexOptions.CultureInvariant)]
    private static partial Regex FirstNumber();
}
