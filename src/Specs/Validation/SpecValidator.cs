using AlpacaCot.Specs.Facts;
using AlpacaCot.Specs.Keys;

namespace AlpacaCot.Specs.Validation;

/// <summary>Checks a sweep file against facts from outside; what the file alone tells is already in <see cref="SweepDocument.Remarks"/>.</summary>
public static class SpecValidator
{
    private static readonly ISpecRule[] Rules =
        [
            new ModelRule(), new TokenizerRule(), new TargetRule(), new RankRule(), new MethodFaultRule(), new BudgetRule(), new TemplateRule(), new SourceRule(), new MixRule(), new LeakRule(), new CueRule(), new StepRule(), new SuiteRule(), new PromptLanguageRule(),
            new LearningRateRule(), new SameValueRule(),
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
        var models = facts.Models.Where(m => m.ContentHash is not null || m.TokenizerHash is not null)
            .DistinctBy(m => m.Name).ToDictionary(m => m.Name, m => new ModelIdentity(m.ContentHash, m.TokenizerHash, m.DefaultTargets) { ChatTemplate = m.ChatTemplateHash }, StringComparer.Ordinal);
        var sources = new Dictionary<string, IReadOnlyList<string?>>(StringComparer.Ordinal);
        var templates = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (data, fact, _) in KnownFacts.Data(spec, facts))
        {
            if (fact.Sources.Count == data.Sources.Count) sources[data.Name] = [.. fact.Sources.Select(s => s.ContentHash)];
            if (fact.TemplateHash is { } template) templates[data.Name] = template;
        }
        var suites = facts.Suites.Where(s => s.ContentHash is not null).DistinctBy(s => s.Name).ToDictionary(s => s.Name, s => s.ContentHash!, StringComparer.Ordinal);
        return new SpecIdentities { Code = facts.Code, Models = models, Sources = sources, Templates = templates, Suites = suites };
    }
}
