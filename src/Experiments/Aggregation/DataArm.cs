using System.Text.Json;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Facts;

namespace AlpacaCot.Experiments.Aggregation;

/// <summary>What a value of the axis <c>data</c> became when the sweep was checked: what a reader needs to judge whether two arms differ in more than their names say.</summary>
public sealed record DataArm
{
    /// <summary>Name of the axis value.</summary>
    public required string Data { get; init; }

    /// <summary>The models under whose tokenizers it became this.</summary>
    public required IReadOnlyList<string> Models { get; init; }

    /// <summary>The template of its prompts.</summary>
    public required string Template { get; init; }

    /// <summary>Rows read from all sources.</summary>
    public long Rows { get; init; }

    /// <summary>Rows that were taken of them, limits considered: what is kept and what is left out.</summary>
    public long Taken => Kept + Dropped.Values.Sum();

    /// <summary>Rows that are trained on.</summary>
    public long Kept { get; init; }

    /// <summary>Rows that are left out, by cause.</summary>
    public required IReadOnlyDictionary<string, long> Dropped { get; init; }

    /// <summary>Kept rows whose answer lost its end to <c>cutoff_len</c>.</summary>
    public long Cut { get; init; }

    /// <summary>Kept rows that equal an earlier one.</summary>
    public long Duplicates { get; init; }

    /// <summary>Examples of one pass: kept rows as often as their weights teach them.</summary>
    public long Examples { get; init; }

    /// <summary>Tokens of one pass.</summary>
    public long Tokens { get; init; }

    /// <summary>Tokens of one pass that carry loss.</summary>
    public long SupervisedTokens { get; init; }

    /// <summary>The cue of training prompts as it was asked for: one word or text for each source, without repetition.</summary>
    public required IReadOnlyList<string> TrainingCues { get; init; }

    /// <summary>Cues that were put into training prompts, and into how many of the kept rows each.</summary>
    public required IReadOnlyDictionary<string, long> Cues { get; init; }

    /// <summary>The other mixes whose rows it is matched with.</summary>
    public required IReadOnlyList<string> MatchedWith { get; init; }

    /// <summary>The arms of a sweep in the order of its file; tokenizers that make the same of a mix are told together.</summary>
    public static IReadOnlyList<DataArm> Of(SweepSpec spec, IReadOnlyList<MixFacts> mixes)
        =>
        [
            .. from data in spec.Data
               from same in mixes.Where(mix => mix.Data == data.Name && mix.Error is null).GroupBy(mix => JsonSerializer.Serialize(mix with { Model = "" }))
               let mix = same.First()
               select new DataArm
               {
                   Data = data.Name, Models = [.. same.Select(of => of.Model)], Template = spec.TemplateOf(data), Rows = mix.Rows, Kept = mix.Kept, Dropped = mix.Dropped, Cut = mix.Truncated,
                   Duplicates = mix.Duplicates, Examples = mix.Examples, Tokens = mix.Tokens, SupervisedTokens = mix.SupervisedTokens,
                   TrainingCues = [.. data.Sources.Select(source => data.CueOf(source).Word).Distinct()], Cues = mix.Cues, MatchedWith = [.. spec.MatchedWith(data).Select(other => other.Name)],
               },
        ];
}
