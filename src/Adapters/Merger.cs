using AlpacaCot.Kernels;
using AlpacaCot.Models;

namespace AlpacaCot.Adapters;

/// <summary>What a merge was found to change.</summary>
/// <param name="Modules">Projections whose weights were changed, and tensors of norms and tables.</param>
/// <param name="MaxDifference">Largest absolute difference of the logits, merged against unmerged, on the held-out rows.</param>
/// <param name="MaxLogit">Largest absolute unmerged logit on those rows.</param>
public sealed record MergeReport(int Modules, double MaxDifference, double MaxLogit)
{
    /// <summary>The difference relative to the largest logit: what the tolerance bounds.</summary>
    public double Relative => MaxDifference / Math.Max(MaxLogit, 1e-30);
}

/// <summary>Folds an adapter into its base's weights, and proves that the model still computes the same.</summary>
public static class Merger
{
    /// <summary>
    /// The tolerance that fits how a base is stored. A merged weight is rounded to the stored type, where base and adapter beside each other are rounded
    /// later, so that the logits move by some roundings of that type; more in a narrow model than in a wide one, where they average out. Measured on a
    /// model of width 64: up to 2·10⁻² in bf16 (which rounds at 2⁻⁹) and 10⁻⁶ in fp32 (2⁻²⁴). Each tolerance is above what was measured and far below
    /// what a wrong merge does, which moves the logits by their own size.
    /// </summary>
    /// <param name="decoder">The base; the coarsest type of its matrices counts.</param>
    public static double ToleranceFor(Decoder decoder) => decoder.Parameters.Values.Where(parameter => parameter.dim() == 2).Max(matrix => matrix.dtype switch
    {
        ScalarType.BFloat16 => 5e-2,
        ScalarType.Float16 => 1e-2,     // three more bits than bf16: an eighth of its rounding
        _ => 1e-3,
    });

    /// <summary>
    /// Merges in place. The logits of the held-out rows are computed with the adapter beside the base and again with it folded in; where they
    /// differ by more than the tolerance, the base gets its weights back and the merge is refused.
    /// </summary>
    /// <param name="decoder">The base; its weights are changed. Save it with <see cref="ModelDirectory.Save"/>.</param>
    /// <param name="adapter">The adapter; not changed.</param>
    /// <param name="heldOut">Token rows to verify on; at least one.</param>
    /// <param name="tolerance">Largest difference allowed, relative to the largest logit; <see cref="ToleranceFor"/> gives what suits the base.</param>
    /// <exception cref="AdapterException">The method changes more than weights; or the logits differ by more than the tolerance; the base is as it was.</exception>
    public static MergeReport Merge(Decoder decoder, Adapter adapter, IReadOnlyList<int[]> heldOut, double tolerance)
    {
        if (heldOut.Count == 0) throw new AdapterException("merging needs at least one row of tokens to verify on");
        if (adapter.MergeObstacle is { } obstacle) throw new AdapterException($"{adapter.Config.PeftType} cannot be merged: {obstacle}");
        using var scope = torch.NewDisposeScope();
        using var frozen = torch.no_grad();
        var bank = new AdapterBank(decoder);
        var member = bank.Add(adapter);
        var unmerged = Logits(decoder, heldOut, member, bank);

        var originals = adapter.Targets.Select(site => (site, Weight: site.Weights.Dequantise(), Bias: site.Weights.Bias?.clone())).ToList();
        foreach (var site in adapter.Targets)
        {
            using var inner = torch.NewDisposeScope();
            var (weight, bias) = adapter.Merge(site);
            site.Weights.Replace(weight, bias);
        }
        // The two uses of one table are two tables where an adapter changes one of them.
        if (adapter.ActsAtEmbedding || adapter.ActsAtHead) decoder.Untie();
        var others = adapter.MergeOthers(decoder).Select(other => (other.Base, Before: other.Base.clone(), other.Merged)).ToList();
        foreach (var (tensor, _, changed) in others) tensor.copy_(changed);
        if (adapter.ActsAtHead) decoder.Head.Dispose();   // what it keeps beside its weight

        var merged = Logits(decoder, heldOut, -1, null);
        var report = new MergeReport(adapter.Targets.Count + others.Count, (merged - unmerged).abs().max().item<float>(), unmerged.abs().max().item<float>());
        if (report.Relative <= tolerance) return report;
        foreach (var (site, weight, bias) in originals) site.Weights.Replace(weight, bias);
        foreach (var (tensor, before, _) in others) tensor.copy_(before);
        if (adapter.ActsAtHead) decoder.Head.Dispose();
        throw new AdapterException(FormattableString.Invariant(
            $"merging moves the logits by {report.Relative:0.0e+0} of the largest, more than the tolerance {tolerance:0.0e+0}; the base computes what it did before (a wider type of the base, or a larger tolerance, may help)"));
    }

    private static Tensor Logits(Decoder decoder, IReadOnlyList<int[]> rows, int member, AdapterBank? bank)
    {
        var layout = SegmentLayout.Of(rows.Select(row => row.Length), member);
        var ids = torch.tensor(rows.SelectMany(row => row).Select(id => (long)id).ToArray()).to(decoder.Device);
        return decoder.Logits(decoder.Hidden(ids, layout, bank), layout, bank).to(torch.float32);
    }
}
