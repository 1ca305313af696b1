using System.Security.Cryptography;
using System.Text.Json;
using AlpacaCot.Data.Catalogue;
using AlpacaCot.Data.Goat;
using AlpacaCot.Data.Importing;
using AlpacaCot.Data.Masking;
using AlpacaCot.Data.Preflight;
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
    /// <param name="model">The model's folder, whose chat template those mixes may name.</param>
    /// <exception cref="DatasetException">A source is missing or malformed, or no row teaches anything.</exception>
    public PreparedData Prepare(
        DataSpec spec, ITokenizer tokenizer, IConversationForm template, int cutoffLength, long seed, CancellationToken cancellation = default, bool trainOnPrompt = false,
        IReadOnlyList<DataSpec>? matched = null, string? model = null)
    {
        Mix MixOf(DataSpec of, IConversationForm through) => new(of, through, [.. of.Sources.Select((_, index) => new SourceRows(_catalogue, of, index, seed))]);
        ExampleBuilder BuilderOf(Mix mix) => new(tokenizer, mix.Template, cutoffLength, trainOnPrompt, OptionsOf(mix.Spec));
        List<Mix> mixes = [MixOf(spec, template), .. (matched ?? []).Select(other => MixOf(other, ConversationForms.Get(other.Template ?? PromptTemplates.Default, tokenizer, model)))];
        foreach (var mix in mixes) Require(mix.Spec);
        var key = Key(mixes, tokenizer, cutoffLength, seed, trainOnPrompt);
        if (_cache?.Read(key) is { } cached) return cached;

        var unmatched = mixes.Skip(1).SelectMany(other => RefusedIn(other, BuilderOf(other), cancellation)).ToHashSet(StringComparer.Ordinal);
        if (_cache is not null) return _cache.Write(key, writer =>
        {
            var (order, report) = Build(spec, mixes[0].Sources, BuilderOf(mixes[0]), unmatched, cutoffLength, seed, writer, cancellation);
            writer.Finish(order, report);
        });
        var list = new ExampleList();
        var (all, found) = Build(spec, mixes[0].Sources, BuilderOf(mixes[0]), unmatched, cutoffLength, seed, list, cancellation);
        return new PreparedData([.. all.Select(index => list.Examples[index])], found, key, ContentHasher.Of(list.Examples, all), FromCache: false);
    }

    /// <summary>A mix with what it is prepared of.</summary>
    private sealed record Mix(DataSpec Spec, IConversationForm Template, IReadOnlyList<SourceRows> Sources);

    private static IEnumerable<string> RefusedIn(Mix mix, ExampleBuilder builder, CancellationToken cancellation)
    {
        foreach (var row in mix.Sources.SelectMany(source => source.Read()))
        {
            cancellation.ThrowIfCancellationRequested();
            if (builder.Build(row.Record).Refused is not null) yield return row.Identity;
        }
    }

    /// <summary>How a spec's conversations are masked and cut.</summary>
    internal static MaskOptions OptionsOf(DataSpec spec) => new(LearnsLastOnly: spec.Learn == LearnedTurns.Last, Truncation: spec.Truncation);

    /// <summary>Refuses a spec that cannot be prepared whatever its files hold.</summary>
    internal static void Require(DataSpec spec)
    {
        if (spec.Mistakes().ToList() is { Count: > 0 } mistakes) throw new DatasetException(string.Join("; ", mistakes));
    }

    private static (int[] Order, PreparationReport Report) Build(
        DataSpec spec, IReadOnlyList<SourceRows> sources, ExampleBuilder builder, HashSet<string> unmatched, int cutoff, long seed, IExampleStore store, CancellationToken cancellation)
    {
        var report = new ReportBuilder(cutoff);
        var examples = new List<int>();
        for (var s = 0; s < sources.Count; s++)
        {
            var copies = sources[s].Copies();
            var (kept, before) = (0, examples.Count);
            foreach (var (row, built, features) in OrderedParallel.Each(sources[s].Read(), row => (row, builder.Build(row.Record), RowFeatures.Of(row.Record)), Environment.ProcessorCount, cancellation))
            {
                if ((built.Refused ?? (unmatched.Contains(row.Identity) ? RefusalCause.Unmatched : null)) is { } cause)
                {
                    report.Refuse(row.Record, cause, built.WholeTokens);
                    continue;
                }
                kept++;
                var times = copies();
                report.Keep(row, built, features, times);
                if (times == 0) continue;
                store.Add(built.Example!);
                for (var i = 0; i < times; i++) examples.Add(store.Count - 1);
            }
            report.EndSource(new SourceReport(
                spec.Sources[s].Title, [.. sources[s].Files.Select(file => Path.GetFileName(file))], sources[s].RowsRead, kept, examples.Count - before) { Skipped = sources[s].Skipped }, sources[s].Remarks);
        }
        if (examples.Count == 0)
        {
            var refusals = report.RefusalsInWords();
            throw new DatasetException(refusals.Length > 0
                ? $"data {spec.Name}: no row teaches anything: {refusals}"
                : $"data {spec.Name}: the weights leave no row; raise them");
        }

        var order = examples.ToArray();
        SeededRandom.For(seed, "mix").Shuffle<int>(order);
        return (order, report.Build());
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
