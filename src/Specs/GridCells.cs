using System.Globalization;

namespace AlpacaCot.Specs;

/// <summary>One combination of axis values that a sweep holds.</summary>
/// <param name="Model">The base.</param>
/// <param name="Method">The adapter method.</param>
/// <param name="Data">The data mix.</param>
/// <param name="Cot">The way of asking.</param>
/// <param name="Seed">The seed.</param>
public sealed record GridCell(ModelSpec Model, MethodSpec Method, DataSpec Data, CotSpec Cot, int Seed);

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
}
