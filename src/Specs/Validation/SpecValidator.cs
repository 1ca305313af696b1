using AlpacaCot.Specs.Facts;
using AlpacaCot.Specs.Keys;

namespace AlpacaCot.Specs.Validation;

/// <summary>Checks a sweep file against facts from outside; what the file alone tells is already in <see cref="SweepDocument.Remarks"/>.</summary>
public static class SpecValidator
{
    private static readonly ISpecRule[] Rules =
        [
            new ModelRule(), new TokenizerRule(), new TargetRule(), new TemplateRule(), new SourceRule(), new MixRule(), new SuiteRule(),
            new LearningRateRule()
        ];

    /// <summary>All remarks on the file, its own and those from facts, in the order of the file.</summary>
    public static IReadOnlyList<SpecError> Validate(SweepDocument document, SpecFacts facts)
    {
        var remarks = new Remarks(document);
        foreach (var rule in Rules) rule.Check(document.Spec, facts, remarks);
        return
        [
            .. document.Remarks.Concat(remarks.All).Distinct().OrderBy(r => r.Line).ThenBy(r => r.Column).ThenBy(r => r.Path, StringComparer.Ordinal)
        ];
    }

    /// <summary>The identities that facts give to a spec's references, for its keys.</summary>
    public static SpecIdentities Identities(SweepSpec spec, SpecFacts facts)
    {
        var models = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var model in spec.Models)
            if (facts.Models.FirstOrDefault(m => m.Name == model.Name)?.ContentHash is { } hash) models[model.Reference] = hash;
        var sources = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var data in spec.Data)
            if (facts.Data.FirstOrDefault(d => d.Name == data.Name) is { } known)
                foreach (var (source, fact) in data.Sources.Zip(known.Sources))
                    // The generator's options are in the key already; one name may stand for several of them.
                    if (source.Goat is null && fact.ContentHash is { } hash) sources[source.Reference] = hash;
        var suites = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var evaluation in spec.Evaluation)
            if (facts.Suites.FirstOrDefault(s => s.Name == evaluation.Name)?.ContentHash is { } hash) suites[evaluation.Name] = hash;
        return new SpecIdentities { Models = models, Sources = sources, Suites = suites };
    }
}
