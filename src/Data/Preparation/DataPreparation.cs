using System.Security.Cryptography;
using System.Text.Json;
using AlpacaCot.Data.Catalogue;
using AlpacaCot.Data.Goat;
using AlpacaCot.Data.Importing;
using AlpacaCot.Data.Masking;
using AlpacaCot.Data.Templates;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Keys;
using AlpacaCot.Specs.Randomness;
using AlpacaCot.Tokenizers;

namespace AlpacaCot.Data.Preparation;

/// <summary>Turns a spec into examples: read, sample, format, mask, weigh, shuffle. One seed gives the same examples in the same order.</summary>
public sealed class DataPreparation
{
    /// <summary>Version of everything here that changes examples; part of every cache key.</summary>
    public const string CodeVersion = "3";

    private readonly DatasetCatalogue _catalogue;
    private readonly TokenCache? _cache;

    /// <summary>Makes a preparation.</summary>
    /// <param name="catalogue">Where sets are found.</param>
    /// <param name="cacheFolder">The token cache (<c>cache/tokens</c> of the home); null prepares every time.</param>
    public DataPreparation(DatasetCatalogue catalogue, string? cacheFolder = null)
    {
        _catalogue = catalogue;
        _cache = cacheFolder is null ? null : new TokenCache(cacheFolder);
    }

    /// <summary>Prepares a mix, or takes it from the cache. A cache entry that is damaged is made again.</summary>
    /// <param name="spec">Sources and weights. Its template's name is not looked at: <paramref name="template"/> counts.</param>
    /// <param name="tokenizer">The base model's tokenizer.</param>
    /// <param name="template">The prompt template.</param>
    /// <param name="cutoffLength">Most tokens of an example.</param>
    /// <param name="seed">The run's seed.</param>
    /// <param name="cancellation">Ends the work between two rows.</param>
    /// <param name="trainOnPrompt">Whether the prompt's tokens are learnt too.</param>
    /// <param name="matched">Other mixes, with their templates' names: a row that one of them cannot teach is left out here too.</param>
    /// <exception cref="DatasetException">A source is missing or malformed, or no row teaches anything.</exception>
    public PreparedData Prepare(
        DataSpec spec, ITokenizer tokenizer, PromptTemplate template, int cutoffLength, long seed, CancellationToken cancellation = default, bool trainOnPrompt = false,
        IReadOnlyList<DataSpec>? matched = null)
    {
        Mix MixOf(DataSpec of, PromptTemplate through) => new(of, through, [.. of.Sources.Select((_, index) => new SourceRows(_catalogue, of, index, seed))]);
        ExampleBuilder BuilderOf(Mix mix) => new(tokenizer, mix.Template, cutoffLength, trainOnPrompt);
        List<Mix> mixes = [MixOf(spec, template), .. (matched ?? []).Select(other => MixOf(other, PromptTemplates.Get(other.Template ?? PromptTemplates.Default)))];
        foreach (var mix in mixes) Require(mix.Spec);
        var key = Key(mixes, tokenizer, cutoffLength, seed, trainOnPrompt);
        if (_cache?.Read(key) is { } cached) return cached;

        var unmatched = mixes.Skip(1).SelectMany(other => RefusedIn(other, BuilderOf(other), cancellation)).ToHashSet(StringComparer.Ordinal);
        var prepared = Build(spec, mixes[0].Sources, BuilderOf(mixes[0]), unmatched, cutoffLength, seed, key, cancellation);
        _cache?.Write(prepared);
        return prepared;
    }

    /// <summary>A mix with what it is prepared of.</summary>
    private sealed record Mix(DataSpec Spec, PromptTemplate Template, IReadOnlyList<SourceRows> Sources);

    private static IEnumerable<string> RefusedIn(Mix mix, ExampleBuilder builder, CancellationToken cancellation)
    {
        foreach (var row in mix.Sources.SelectMany(source => source.Read()))
        {
            cancellation.ThrowIfCancellationRequested();
            if (builder.Build(row.Record).Refused is not null) yield return row.Identity;
        }
    }

    /// <summary>Refuses a spec that cannot be prepared whatever its files hold.</summary>
    internal static void Require(DataSpec spec)
    {
        if (spec.Mistakes().ToList() is { Count: > 0 } mistakes) throw new DatasetException(string.Join("; ", mistakes));
    }

    private static PreparedData Build(
        DataSpec spec, IReadOnlyList<SourceRows> sources, ExampleBuilder builder, HashSet<string> unmatched, int cutoff, long seed, string key, CancellationToken cancellation)
    {
        var report = new ReportBuilder(cutoff);
        var examples = new List<Example>();
        for (var s = 0; s < sources.Count; s++)
        {
            var copies = sources[s].Copies();
            var (kept, before) = (0, examples.Count);
            foreach (var row in sources[s].Read())
            {
                cancellation.ThrowIfCancellationRequested();
                var built = builder.Build(row.Record);
                if ((built.Refused ?? (unmatched.Contains(row.Identity) ? RefusalCause.Unmatched : null)) is { } cause)
                {
                    report.Refuse(row.Record, cause, built.WholeTokens);
                    continue;
                }
                kept++;
                var times = copies();
                report.Keep(row, built, times);
                for (var i = 0; i < times; i++) examples.Add(built.Example!);
            }
            report.EndSource(new SourceReport(
                spec.Sources[s].Title, [.. sources[s].Files.Select(file => Path.GetFileName(file))], sources[s].RowsRead, kept, examples.Count - before), sources[s].Remarks);
        }
        if (examples.Count == 0)
        {
            var refusals = report.RefusalsInWords();
            throw new DatasetException(refusals.Length > 0
                ? $"data {spec.Name}: no row teaches anything: {refusals}"
                : $"data {spec.Name}: the weights leave no row; raise them");
        }

        var order = examples.ToArray();
        SeededRandom.For(seed, "mix").Shuffle<Example>(order);
        return new PreparedData(order, report.Build(), key, TokenCache.ContentHash(order), FromCache: false);
    }

    private static string Key(IReadOnlyList<Mix> mixes, ITokenizer tokenizer, int cutoff, long seed, bool trainOnPrompt)
    {
        var parts = new
        {
            code = CodeVersion,
            rule = ExampleBuilder.RuleVersion,
            generator = GoatGenerator.Version,
            mixes = mixes.Select(mix => new
            {
                // The spec's own name and template name change no example; the template's hash does.
                spec = CanonicalJson.Write(SweepSpecJson.Data(mix.Spec with { Name = "", Template = "", When = null })),
                files = mix.Sources.SelectMany(source => source.ContentFiles).Select(file => $"{Path.GetFileName(file)} {SourceText.Hash(file)}"),
                template = mix.Template.Hash,
            }),
            tokenizer = tokenizer.ContentHash,
            cutoff,
            seed,
            trainOnPrompt,
        };
        return Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(parts)));
    }
}
