using AlpacaCot.Specs.Facts;
using AlpacaCot.Specs.Methods;

namespace AlpacaCot.Specs.Validation;

/// <summary>What a method itself says cannot work: on any base, or on one that it meets.</summary>
internal sealed class MethodFaultRule : ISpecRule
{
    public void Check(SweepSpec spec, SpecFacts facts, Remarks remarks)
    {
        foreach (var (method, i) in spec.Peft.Select((method, i) => (method, i)))
        {
            if (MethodCatalogue.Find(method.Method) is not { } definition) continue;
            foreach (var (option, message) in definition.Faults(method, null)) remarks.Error(remarks.OptionPath(method, i, option), message);
            foreach (var precision in spec.Models.Where(model => Targets.Meet(spec, method, model)).Select(spec.LoadOf).Distinct(StringComparer.Ordinal))
                if (definition.PrecisionFault(precision) is { } fault) remarks.Error($"peft[{i}]", fault);
            foreach (var (_, model) in Targets.Bases(spec, facts, method))
                foreach (var (option, message) in definition.Faults(method, model).Concat(OwnWeightsOptions.Faults(method, model))) remarks.Error(remarks.OptionPath(method, i, option), message);
        }
    }
}
