using System.Globalization;

namespace AlpacaCot.Specs;

/// <summary>One combination of axis values that a sweep holds.</summary>
/// <param name="Model">The base.</param>
/// <param name="Method">The adapter method.</param>
/// <param name="Data">The data mix.</param>
/// <param name="Cot">The way of asking.</param>
/// <param name="Seed">The seed.</param>
public sealed record GridCell(ModelSpec Model, MethodSpec Method, DataSpec Data, CotSpec Cot, int Seed);

/// <summary>One way in which a sweep asks an untuned base.</summary>
/// <param name="Model">The base.</param>
/// <param name="Asked">The first data mix with the template that it is asked through.</param>
/// <param name="Cot">The way of asking.</param>
/// <param name="Seed">The sampler's seed; null where decoding is greedy, so that every seed gives the same answers.</param>
public sealed record UntunedCell(ModelSpec Model, DataSpec Asked, CotSpec Cot, int? Seed);

/// <summary>Which combinations a sweep holds: the product of its axes, less what <c>when</c> and <c>exclude</c> prune, plus what <c>include</c> brings back.</summary>
public static class GridCells
{
    /// <summary>All combinations in a stable order: models, peft, data, cot, seeds.</summary>
    public static IEnumerable<GridCell> Of(SweepSpec spec)
    {
        foreach (var model in spec.Models)
        foreach (var peft in spec.Peft)
        foreach (var data in spec.Data)
        foreach (var cot in spec.Cot)
        {
            var cell = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["model"] = model.Name, ["peft"] = peft.Name, ["data"] = data.Name, ["cot"] = cot.Name
            };
            AxisMatch?[] conditions = [model.When, peft.When, data.When, cot.When];
            foreach (var seed in spec.Seeds)
            {
                cell["seed"] = seed.ToString(CultureInfo.InvariantCulture);
                var pruned = conditions.Any(c => c is not null && !c.Matches(cell)) || spec.Exclude.Any(e => e.Matches(cell));
                if (!pruned || spec.Include.Any(i => i.Matches(cell))) yield return new GridCell(model, peft, data, cot, seed);
            }
        }
    }

    /// <summary>The pairs of a base and a data mix that is trained on it, in the order of the file: a mix is prepared under the tokenizers of these alone.</summary>
    public static IEnumerable<(ModelSpec Model, DataSpec Data)> Trained(SweepSpec spec)
    {
        var trained = Of(spec).Select(cell => (cell.Model.Name, cell.Data.Name)).ToHashSet();
        return from model in spec.Models from data in spec.Data where trained.Contains((model.Name, data.Name)) select (model, data);
    }

    /// <summary>
    /// The untuned bases that the tuned trials are compared with: one for each base, template, way of asking and, where answers are drawn, seed that a combination has; in that order. None
    /// where the sweep wants none or asks nothing.
    /// </summary>
    public static IEnumerable<UntunedCell> Untuned(SweepSpec spec)
    {
        if (!spec.Base || spec.Evaluation.Count == 0) return [];
        var drawn = spec.Decoding.Strategy == DecodingSpec.Sample;
        return Of(spec).Select(cell => new UntunedCell(cell.Model, spec.Data.First(data => spec.TemplateOf(data) == spec.TemplateOf(cell.Data)), cell.Cot, drawn ? cell.Seed : null))
            .DistinctBy(cell => (cell.Model.Name, cell.Asked.Name, cell.Cot.Name, cell.Seed))
            .OrderBy(cell => IndexOf(spec.Models, cell.Model)).ThenBy(cell => IndexOf(spec.Data, cell.Asked)).ThenBy(cell => IndexOf(spec.Cot, cell.Cot)).ThenBy(cell => cell.Seed);

        static int IndexOf<T>(IReadOnlyList<T> values, T value) => values.TakeWhile(other => !ReferenceEquals(other, value)).Count();
    }
}
