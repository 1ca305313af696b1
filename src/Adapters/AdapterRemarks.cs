using AlpacaCot.Adapters.Ia3;
using AlpacaCot.Adapters.LnTuning;
using AlpacaCot.Adapters.Lora;
using AlpacaCot.Models;

namespace AlpacaCot.Adapters;

/// <summary>What is odd about an adapter that can be used all the same: one line each, for whoever trains, loads or merges it.</summary>
public static class AdapterRemarks
{
    /// <summary>Looks at an adapter that was made or loaded for a model.</summary>
    /// <param name="adapter">The adapter.</param>
    /// <param name="decoder">The model it acts on.</param>
    /// <param name="modelPath">Where the model lies: an adapter that names another base is remarked on.</param>
    public static IReadOnlyList<string> Of(Adapter adapter, Decoder decoder, string modelPath)
        => [.. adapter.Config.Remarks, .. OtherBase(adapter.Config, modelPath), .. WithoutEffect(adapter, decoder), .. Ranks(adapter), .. adapter.Remarks(decoder)];

    // PEFT takes a list of names of which one matches; the others are most often typing errors, or another family's.
    private static IEnumerable<string> WithoutEffect(Adapter adapter, Decoder decoder)
    {
        if (adapter.Config is not TargetedConfig config) yield break;
        var norms = config is LnTuningConfig;
        IReadOnlyList<string> paths = norms ? [.. decoder.Norms.Select(norm => norm.Path)] : [.. decoder.Projections.Select(site => site.Path), .. config is LoraConfig ? [decoder.EmbeddingPath, decoder.HeadPath] : Array.Empty<string>()];
        var (kind, known) = (norms ? "norm" : "projection", string.Join(", ", norms ? decoder.Norms.Select(norm => norm.Name).Distinct(StringComparer.Ordinal) : decoder.Projections.Select(site => site.Name).Distinct(StringComparer.Ordinal)));
        foreach (var (key, selection) in ((string, ModuleSelection?)[])[
            ("target_modules", config.TargetModules), ("exclude_modules", config.ExcludeModules), ("feedforward_modules", (config as Ia3Config)?.FeedforwardModules)])
        {
            foreach (var name in Unmatched(selection, paths))
                yield return $"{key}: '{name}' matches no {kind} of this model and has no effect; its {kind}s are {known}";
        }
        if (config is not LoraConfig lora) yield break;
        foreach (var (key, patterns) in ((string, IReadOnlyList<KeyValuePair<string, double>>)[])[("rank_pattern", lora.RankPattern), ("alpha_pattern", lora.AlphaPattern)])
            foreach (var (pattern, _) in patterns)
                if (!adapter.Targets.Any(site => LoraConfig.PatternMatches(pattern, site.Path)))
                    yield return $"{key}: '{pattern}' matches no projection that the adapter acts on and has no effect";
        if (lora.LayersToTransform?.Values.Where(block => block < 0 || block >= decoder.Config.Layers).ToList() is { Count: > 0 } beyond)
            yield return $"layers_to_transform: {string.Join(", ", beyond)} {(beyond.Count == 1 ? "is" : "are")} none of the model's {decoder.Config.Layers} blocks, which count from 0";
    }

    private static IEnumerable<string> Unmatched(ModuleSelection? selection, IReadOnlyList<string> paths)
    {
        if (selection is null) return [];
        if (selection.Names is not { } names) return paths.Any(selection.Selects) ? [] : [selection.Pattern!];
        return names.Where(name => !paths.Any(ModuleSelection.Of(name).Selects));
    }

    // B A has at most the rank of its narrower side: more costs memory and time, and can say nothing more.
    private static IEnumerable<string> Ranks(Adapter adapter)
    {
        if (adapter.Config is not LoraConfig lora) return [];
        var above = adapter.Targets.Where(site => TargetMatcher.Matches(lora, site.Path) && lora.At(site.Path).R > Width(site)).ToList();
        if (above.Count == 0) return [];
        var narrowest = above.MinBy(Width)!;
        return [$"the rank {lora.At(narrowest.Path).R} is above the width {Width(narrowest)} of {narrowest.Name} ({above.Count} of {adapter.Targets.Count} projections are narrower than their rank): no update has more than rank {Width(narrowest)} there"];

        static int Width(ProjectionSite site) => Math.Min(site.Weights.In, site.Weights.Out);
    }

    private static IEnumerable<string> OtherBase(AdapterConfig config, string modelPath)
        => config.BaseModel is { Length: > 0 } named && !IsSameBase(named, modelPath) ? [$"the adapter was made for the base {named} and is used on {modelPath}"] : [];

    /// <summary>
    /// Whether a name and a place can mean one model. Folders are moved and hub ids become folders, so the last part of the name decides, unless both
    /// folders are there to be compared.
    /// </summary>
    private static bool IsSameBase(string named, string modelPath)
    {
        var place = Path.TrimEndingDirectorySeparator(Path.GetFullPath(modelPath));
        if (Directory.Exists(named))
        {
            var other = Path.TrimEndingDirectorySeparator(Path.GetFullPath(named));
            return other == place || (Directory.Exists(place) && HoldSameModel(other, place));
        }
        var parts = named.Replace('\\', '/').TrimEnd('/').Split('/');
        // The hub's cache: models--owner--name/snapshots/revision.
        if (parts.Length == 2 && place.Contains($"models--{parts[0]}--{parts[1]}", StringComparison.OrdinalIgnoreCase)) return true;
        return string.Equals(parts[^1], Path.GetFileName(place), StringComparison.OrdinalIgnoreCase);
    }

    private static bool HoldSameModel(string a, string b)
    {
        try
        {
            return ModelFingerprint.LooksSame(a, b);
        }
        catch (ModelException)
        {
            return false;   // the folder that the adapter names holds no model any more
        }
    }
}
