using System.Globalization;
using System.Text;
using AlpacaCot.Data.Catalogue;
using AlpacaCot.Data.Masking;
using AlpacaCot.Data.Preflight;
using AlpacaCot.Specs;
using AlpacaCot.Tokenizers;

namespace AlpacaCot.Data.Preparation;

/// <summary>A bar of a chart.</summary>
/// <param name="Name">What it counts.</param>
/// <param name="Rows">How many rows.</param>
public sealed record StatisticsBar(string Name, long Rows);

/// <summary>Counts of a mix's rows as their files hold them, before any template or cutoff.</summary>
/// <param name="Rows">Rows in all.</param>
/// <param name="Unit">What lengths are counted in: <c>tokens</c> or <c>characters</c>.</param>
/// <param name="Total">Their sum over all rows.</param>
/// <param name="Longest">The longest row.</param>
/// <param name="Lengths">Rows by length, each bin twice as long as the one before.</param>
/// <param name="Turns">Rows by their number of turns.</param>
/// <param name="Languages">Rows by the language that their script tells.</param>
/// <param name="Traits">Rows with something: an input, a system text, tools, a rationale, a preference pair.</param>
public sealed record DatasetStatistics(
    long Rows, string Unit, long Total, long Longest, IReadOnlyList<StatisticsBar> Lengths, IReadOnlyList<StatisticsBar> Turns, IReadOnlyList<StatisticsBar> Languages, IReadOnlyList<StatisticsBar> Traits)
{
    private const int BarWidth = 40;

    /// <summary>Counts the rows of a spec's sources.</summary>
    /// <param name="catalogue">Where sets are found.</param>
    /// <param name="spec">The sources.</param>
    /// <param name="tokenizer">Counts tokens; null counts characters.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <exception cref="DatasetException">A source is missing or malformed.</exception>
    public static DatasetStatistics Of(DatasetCatalogue catalogue, DataSpec spec, ITokenizer? tokenizer, CancellationToken cancellation)
    {
        DataPreparation.Require(spec);
        var rows = spec.Sources.SelectMany((_, index) => new SourceRows(catalogue, spec with { Cot = RationaleUse.Answer, TrainingCue = TrainingCue.None }, index, 0).Read());
        var (lengths, turns, languages, traits) = (new SortedDictionary<int, long>(), new SortedDictionary<int, long>(), new SortedDictionary<string, long>(StringComparer.Ordinal), new SortedDictionary<string, long>(StringComparer.Ordinal));
        long count = 0, total = 0, longest = 0;
        foreach (var (row, length, language) in OrderedParallel.Each(rows, row => row.Size, row => (row.Record, Length(row.Record, tokenizer), RowFeatures.Of(row.Record).Language), Environment.ProcessorCount, cancellation))
        {
            (count, total, longest) = (count + 1, total + length, Math.Max(longest, length));
            Count(lengths, length <= 1 ? 1 : (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)length));
            Count(turns, row.Turns.Count(turn => turn.Role != TurnRole.System));
            Count(languages, language);
            foreach (var trait in TraitsOf(row)) Count(traits, trait);
        }
        string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
        return new DatasetStatistics(
            count, tokenizer is null ? "characters" : "tokens", total, longest, [.. lengths.Select(bin => new StatisticsBar($"≤ {Text(bin.Key)}", bin.Value))],
            [.. turns.Select(bin => new StatisticsBar(Text(bin.Key), bin.Value))], Bars(languages), Bars(traits));
    }

    /// <summary>The counts as charts of characters.</summary>
    public string ToText()
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{Rows} rows, {Total} {Unit}, {(Rows == 0 ? 0 : Total / Rows)} on average, the longest {Longest}\n");
        foreach (var (title, bars) in new[] { ($"rows by {Unit}", Lengths), ("rows by turns", Turns), ("rows by language", Languages), ("rows with", Traits) })
        {
            if (bars.Count == 0) continue;
            text.Append(CultureInfo.InvariantCulture, $"── {title}\n");
            var most = bars.Max(bar => bar.Rows);
            foreach (var bar in bars) text.Append(CultureInfo.InvariantCulture, $"   {bar.Name,-16} {bar.Rows,10} {new string('█', (int)Math.Ceiling((double)bar.Rows * BarWidth / most))}\n");
        }
        return text.ToString().TrimEnd('\n');
    }

    private static int Length(Conversation row, ITokenizer? tokenizer)
        => row.Turns.Sum(turn => tokenizer is null ? turn.Whole.EnumerateRunes().Count() : ExampleBuilder.AnswerIds(tokenizer, turn.Whole).Length);

    private static IEnumerable<string> TraitsOf(Conversation row)
    {
        if (row.Turns.Any(turn => turn.Input.Length > 0)) yield return "an input";
        if (row.System.Length > 0) yield return "a system text";
        if (row.Tools.Length > 0) yield return "tools";
        if (row.Rationale is not null) yield return "a rationale";
        if (row.Rejected is not null) yield return "a rejected answer";
        if (string.IsNullOrWhiteSpace(row.Output)) yield return "an empty answer";
    }

    private static void Count<T>(SortedDictionary<T, long> counts, T key) where T : notnull => counts[key] = counts.GetValueOrDefault(key) + 1;

    private static StatisticsBar[] Bars(SortedDictionary<string, long> counts) => [.. counts.OrderByDescending(entry => entry.Value).Select(entry => new StatisticsBar(entry.Key, entry.Value))];
}
