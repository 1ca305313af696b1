using System.Security.Cryptography;
using System.Text;
using AlpacaCot.Data.Catalogue;
using AlpacaCot.Data.Goat;
using AlpacaCot.Data.Importing;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Keys;

namespace AlpacaCot.Data.Preparation;

/// <summary>What was found of one source.</summary>
/// <param name="Name">The set, path or generator.</param>
/// <param name="Exists">Whether there is such a set, file or generator.</param>
/// <param name="Error">What is wrong with it in one line, or null.</param>
/// <param name="Rows">Its rows, before any limit.</param>
/// <param name="ContentHash">SHA-256 (hex) of its files' bytes, or of the generator's options and version; null where there is an error.</param>
public sealed record SourceFinding(string Name, bool Exists, string? Error, int Rows, string? ContentHash);

/// <summary>Looks into every source of a spec without a tokenizer, so that all mistakes of all of them can be told at once.</summary>
public static class SourceInspection
{
    /// <summary>One finding per source, in the spec's order. Every file is read to its end.</summary>
    public static IReadOnlyList<SourceFinding> Inspect(DatasetCatalogue catalogue, DataSpec spec) => [.. spec.Sources.Select(source => Inspect(catalogue, spec, source))];

    private static SourceFinding Inspect(DatasetCatalogue catalogue, DataSpec spec, SourceSpec source)
    {
        var files = (IReadOnlyList<string>)[];
        try
        {
            files = catalogue.Files(source, spec.Language);
        }
        catch (DatasetException e)
        {
            return new SourceFinding(source.Title, Exists: false, e.Message, 0, null);
        }
        try
        {
            if (source.Goat is { } goat)
            {
                var options = CanonicalJson.Write(SweepSpecJson.Goat(goat));
                return new SourceFinding(source.Title, true, null, GoatGenerator.Questions(goat with { Count = goat.Count ?? source.Limit }, seed: 0).Count,
                    HashOf($"goat {GoatGenerator.Version} {options}"));
            }
            var rows = files.Sum(file => RecordReader.Read(file).Count());
            return new SourceFinding(source.Title, true, null, rows, HashOf(string.Join('\n', files.Select(SourceText.Hash))));
        }
        catch (DatasetException e)
        {
            return new SourceFinding(source.Title, true, e.Message, 0, null);
        }
    }

    private static string HashOf(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
