using System.Globalization;
using AlpacaCot.Specs.Facts;
using AlpacaCot.Specs.Methods;

namespace AlpacaCot.Specs.Validation;

/// <summary>One check of a spec against facts.</summary>
internal interface ISpecRule
{
    void Check(SweepSpec spec, SpecFacts facts, Remarks remarks);
}

/// <summary>Collects remarks and finds their places in the file.</summary>
internal sealed class Remarks(SweepDocument document)
{
    private readonly List<SpecError> _all = [];

    public IReadOnlyList<SpecError> All => _all;

    public void Error(string path, string message, string fix = "") => Add(path, message, fix, SpecSeverity.Error);

    public void Advice(string path, string message, string fix = "") => Add(path, message, fix, SpecSeverity.Advice);

    /// <summary>The path of a method's option, under whichever of its names the file has it.</summary>
    public string OptionPath(MethodSpec method, int index, string option)
    {
        string At(string name) => string.Create(CultureInfo.InvariantCulture, $"peft[{index}].{name}");
        return MethodCatalogue.Find(method.Method)?.Option(option) is { } known ? ((IEnumerable<string>)[known.Name, .. known.Aliases]).Select(At).FirstOrDefault(document.IsWritten) ?? At(option) : At(option);
    }

    private void Add(string path, string message, string fix, SpecSeverity severity)
    {
        var mark = document.MarkOf(path);
        _all.Add(new SpecError(mark.Line, mark.Column, path, message, fix, severity));
    }
}

/// <summary>Pairs axis values with their facts and their paths in the file.</summary>
internal static class KnownFacts
{
    public static IEnumerable<(ModelSpec Model, ModelFacts Facts, string Path)> Models(SweepSpec spec, SpecFacts facts)
        => Pairs(spec.Models, facts.Models, m => m.Name, f => f.Name, "models");

    public static IEnumerable<(DataSpec Data, DataFacts Facts, string Path)> Data(SweepSpec spec, SpecFacts facts)
        => Pairs(spec.Data, facts.Data, d => d.Name, f => f.Name, "data");

    public static IEnumerable<(EvaluationSpec Evaluation, SuiteFacts Facts, string Path)> Suites(SweepSpec spec, SpecFacts facts)
        => Pairs(spec.Evaluation, facts.Suites, e => e.Name, f => f.Name, "evaluation");

    private static IEnumerable<(T, F, string)> Pairs<T, F>(
        IReadOnlyList<T> values, IReadOnlyList<F> facts, Func<T, string> name, Func<F, string> factName, string axis)
    {
        for (var i = 0; i < values.Count; i++)
            foreach (var fact in facts.Where(f => factName(f) == name(values[i])).Take(1))
                yield return (values[i], fact, string.Create(CultureInfo.InvariantCulture, $"{axis}[{i}]"));
    }
}
