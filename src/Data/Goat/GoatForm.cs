using AlpacaCot.Specs;

namespace AlpacaCot.Data.Goat;

/// <summary>How worked answers are written: the style, and the steps that are there.</summary>
/// <param name="Style">The style.</param>
/// <param name="Split">The smaller factor as a sum of place values.</param>
/// <param name="Expansion">A product for each place value.</param>
/// <param name="Product">All products at once; in a division the product that is taken away.</param>
/// <param name="Adding">The sum of the products, one term after the other.</param>
public readonly record struct GoatForm(GoatStyle Style, bool Split = true, bool Expansion = true, bool Product = true, bool Adding = true)
{
    /// <summary>The form that options ask for.</summary>
    public static GoatForm Of(GoatOptions options)
    {
        bool Has(GoatStep step) => !options.Without.Contains(step);
        return new(options.Style, Has(GoatStep.Split), Has(GoatStep.Expansion), Has(GoatStep.Product), Has(GoatStep.Adding));
    }
}
