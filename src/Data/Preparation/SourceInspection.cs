using System.Security.Cryptography;
using System.Text;
using AlpacaCot.Data.Catalogue;
using AlpacaCot.Data.Goat;
using AlpacaCot.Data.Importing;
using AlpacaCot.Data.Preflight;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Keys;

namespace AlpacaCot.Data.Preparation;

/// <summary>What was found of one source.</summary>
/// <param name="Name">The set, path or generator.</param>
/// <param name="Exists">Whether there is such a set, file or generator.</param>
/// <param name="Error">What is wrong with it in one line, or null.</param>
/// <param name="Rows">Its rows, before any limit.</param>
/// <param name="ContentHash">SHA-256 (hex) of its files' bytes, or of the generator's options and version; null where there is an error.</param>
/// <param name="Files">Its files; none for a generator.</param>
public sealed record SourceFinding(string Name, bool Exists, string? Error, int Rows, string? ContentHash, IReadOnlyList<string> Files)
{
    /// <summary>Sentences that were looked for, and in how many rows each stands.</summary>
    public IReadOnlyDictionary<string, long> Cues { get; init; } = new Dictionary<string, long>();

    /// <summary>Sets of questions that were looked for, and how many of each are rows here.</summary>
    public IReadOnlyDictionary<string, int> Questions { get; init; } = new Dictionary<string, int>();

    /// <summary>Rows that are none of a set's questions and share a run of 13 words with one, in a sentence for each set.</summary>
    public IReadOnlyList<string> Overlaps { get; init; } = [];
}

/// <summary>Looks into every source of a spec without a tokenizer, so that all mistakes of all of them can be told at once.</summary>
/// <param name="catalogue">Where sets are found.</param>
/// <param name="cues">Sentences that rows may bring with them.</param>
/// <param name="questions">Sets of questions that rows may be, by name.</param>
public sealed class SourceInspection(DatasetCatalogue catalogue, IReadOnlyCollection<string> cues, IReadOnlyDictionary<string, QuestionSet> questions)
{
    /// <summary>One finding per source, in the spec's order. Every file is read to its end.</summary>
    public IReadOnlyList<SourceFinding> Inspect(DataSpec spec) => [.. spec.Sources.Select(source => Inspect(spec, source))];

    private SourceFinding Inspect(DataSpec spec, SourceSpec source)
    {
        var files = (IReadOnlyList<SourceFile>)[];
        try
        {
            files = catalogue.SourceFiles(source, spec.Language);
        }
        catch (DatasetException e)
        {
            return new SourceFinding(source.Title, Exists: false, e.Message, 0, null, []);
        }
        try
        {
            return source.Goat is { } goat ? Generator(source, goat) : Rows(source, files, spec.BadRows == BadRows.Skip);
        }
        catch (DatasetException e)
        {
            return new SourceFinding(source.Title, true, e.Message, 0, null, [.. files.Select(file => file.Path)]);
        }
    }

    private static SourceFinding Generator(SourceSpec source, GoatOptions goat)
    {
        var options = CanonicalJson.Write(SweepSpecJson.Goat(goat));
        return new SourceFinding(
            source.Title, true, null, GoatGenerator.Questions(goat with { Count = goat.Count ?? source.Limit }, seed: 0).Count, HashOf($"goat {GoatGenerator.Version} {options}"), []);
    }

    private SourceFinding Rows(SourceSpec source, IReadOnlyList<SourceFile> files, bool skip)
    {
        var rows = 0;
        var overlaps = new SortedDictionary<string, (int Count, string First)>(StringComparer.Ordinal);
        var brought = new SortedDictionary<string, long>(StringComparer.Ordinal);
        var found = questions.ToDictionary(set => set.Key, _ => new HashSet<string>(StringComparer.Ordinal), StringComparer.Ordinal);
        var records = files.SelectMany(file => SourceRows.Records(source, file, null, skip ? _ => { } : null));
        foreach (var row in OrderedParallel.Each(records, record => record.Turns.Sum(turn => turn.Text.Length + turn.Input.Length), Look, Environment.ProcessorCount, CancellationToken.None))
        {
            rows++;
            foreach (var cue in row.Cues) brought[cue] = brought.GetValueOrDefault(cue) + 1;
            foreach (var (name, question) in row.Questions) found[name].Add(question);
            foreach (var name in row.Overlaps)
            {
                var (count, first) = overlaps.GetValueOrDefault(name, (0, row.Place));
                overlaps[name] = (count + 1, first);
            }
        }
        return new SourceFinding(source.Title, true, null, rows, HashOf(string.Join('\n', SourceRows.Content(source, [.. files.Select(file => file.Path)]).Select(SourceText.Hash))), [.. files.Select(file => file.Path)])
        {
            Overlaps = [.. overlaps.Select(set => $"{source.Title}: {set.Value.Count} {(set.Value.Count == 1 ? "row shares" : "rows share")} {TextOverlap.RunWords} words in a row with questions of {set.Key}, the first {set.Value.First}")],
            Cues = brought, Questions = found.Where(set => set.Value.Count > 0).ToDictionary(set => set.Key, set => set.Value.Count, StringComparer.Ordinal),
        };
    }

    /// <summary>What one row brings and shares, found on any thread.</summary>
    private RowFinding Look(Conversation row)
    {
        var finding = new RowFinding($"{row.Source}:{row.Row}", [], [], []);
        foreach (var cue in cues)
            foreach (var turn in row.Turns)
                if (turn.Role == TurnRole.User && (turn.Text.Contains(cue, StringComparison.OrdinalIgnoreCase) || turn.Input.Contains(cue, StringComparison.OrdinalIgnoreCase)))
                {
                    finding.Cues.Add(cue);
                    break;
                }
        foreach (var (name, set) in questions)
            if (set.Find(row) is { } question) finding.Questions.Add((name, question));
            else if (set.Overlaps(row)) finding.Overlaps.Add(name);
        return finding;
    }

    private sealed record RowFinding(string Place, List<string> Cues, List<(string Set, string Question)> Questions, List<string> Overlaps);

    private static string HashOf(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
