using System.Globalization;
using System.Text.RegularExpressions;

namespace AlpacaCot.Models.Checkpoints;

/// <summary>The shards of one set that a directory holds: <c>model-00001-of-00003.safetensors</c> and its like.</summary>
/// <param name="Total">How many belong to the set, by their names.</param>
/// <param name="Files">Those that are there, in order.</param>
internal sealed record ShardSet(int Total, IReadOnlyList<string> Files)
{
    /// <summary>Whether none is missing.</summary>
    public bool IsWhole => Files.Count == Total;
}

/// <summary>Finds shards by their names: what an index would say where there is none, or where it is wrong.</summary>
internal static partial class ShardSets
{
    private const int Shown = 4;

    /// <summary>The sets of shards of a weight file (<c>model.safetensors</c>) in a directory.</summary>
    public static IReadOnlyList<ShardSet> In(string directory, string file)
    {
        var (stem, extension) = (Path.GetFileNameWithoutExtension(file), Path.GetExtension(file));
        return [.. Directory.EnumerateFiles(directory, $"{stem}-*-of-*{extension}")
            .Select(path => (Path: path, Match: Shard().Match(Path.GetFileName(path))))
            .Where(shard => shard.Match.Success && shard.Match.Groups["stem"].Value == stem)
            .Select(shard => (shard.Path, Number: Number(shard.Match, "number"), Total: Number(shard.Match, "total")))
            .Where(shard => shard.Number >= 1 && shard.Number <= shard.Total)
            .GroupBy(shard => shard.Total).OrderBy(set => set.Key)
            .Select(set => new ShardSet(set.Key, [.. set.OrderBy(shard => shard.Number).Select(shard => shard.Path)]))];
    }

    /// <summary>Why shards without an index cannot be taken.</summary>
    public static ModelException Unclear(string directory, string file, IReadOnlyList<ShardSet> sets)
    {
        var index = file + ".index.json";
        return new ModelException(sets is [var only]
            ? $"{directory}: holds {only.Files.Count} of {only.Total} shards ({List(only.Files)}) and no {index} (is the download complete?)"
            : $"{directory}: holds shards of {sets.Count} sets ({string.Join(", ", sets.Select(set => $"{set.Files.Count} of {set.Total}"))}) and no {index}; leave those of one set, or fetch the index");
    }

    /// <summary>Names of files for a message.</summary>
    public static string List(IReadOnlyList<string> files)
        => string.Join(", ", files.Take(Shown).Select(Path.GetFileName)) + (files.Count > Shown ? $" and {files.Count - Shown} more" : "");

    private static int Number(Match match, string group) => int.TryParse(match.Groups[group].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;

    [GeneratedRegex(@"\A(?<stem>.+)-(?<number>\d{5})-of-(?<total>\d{5})\.[a-z]+\z", RegexOptions.CultureInvariant)]
    private static partial Regex Shard();
}
