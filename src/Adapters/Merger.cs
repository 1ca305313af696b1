using AlpacaCot.Kernels;
using AlpacaCot.Models;

namespace AlpacaCot.Adapters;

/// <summary>What a merge was found to change.</summary>
/// <param name="Modules">Projections whose weights were changed, and tensors of norms and tables.</param>
/// <param name="MaxDifference">Largest absolute difference of the logits, merged against unmerged, on the held-out rows.</param>
/// <param name="MaxLogit">Largest absolute unmerged logit on those rows.</param>
public sealed record MergeReport(int Modules, double MaxDifference, double MaxLogit)
{
    /// <summary>Largest absolute difference that the adapter itself makes to the base's logits on those rows.</summary>
    public double Effect { get; init; }

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
    public static double ToleranceFor(Decoder decoder) => decoder.Storage != WeightStorage.Plain ? RoundingTolerance(decoder.Storage) : decoder.Parameters.Values.Where(parameter => parameter.dim() == 2).Max(matrix => matrix.dtype switch
    {
        ScalarType.BFloat16 => 5e-2,
        ScalarType.Float16 => 1e-2,     // three more bits than bf16: an eighth of its rounding
        _ => 1e-3,
    });

    /// <summary>
    /// The tolerance of logits whose weights are rounded to few bits: they move by what those bits leave out, whatever was merged, and in narrow models by much; that the
    /// right weights were rounded is seen on the weights (<see cref="RequireRounded"/>).
    /// </summary>
    public static double RoundingTolerance(WeightStorage storage) => storage is WeightStorage.Int8 or WeightStorage.LlmInt8 or WeightStorage.W8A8 ? 0.1 : 1;

    // What rounding leaves of a weight's norm: measured are 0.01 in int8, 0.1 in NF4 and 0.14 in FP4, whatever the width.
    private static double WeightTolerance(WeightStorage storage) => storage switch
    {
        WeightStorage.Plain => double.PositiveInfinity,
        WeightStorage.Int8 or WeightStorage.LlmInt8 or WeightStorage.W8A8 => 0.03,
        WeightStorage.Nf4 or WeightStorage.Nf4Single => 0.2,
        _ => 0.28,
    };

    /// <summary>Holds a model that was written in few bits against the one that it was made of: its weights are those, rounded; how far the logits moved is reported.</summary>
    /// <exception cref="AdapterException">A weight is another one, or the logits moved by more than the tolerance.</exception>
    public static MergeReport RequireRounded(Decoder written, Decoder merged, IReadOnlyList<int[]> heldOut, double tolerance)
    {
        using var scope = torch.NewDisposeScope();
        using var frozen = torch.no_grad();
        foreach (var (site, from) in written.Projections.Zip(merged.Projections))
            using (torch.NewDisposeScope()) RequireNearest(site, from.Weights.Dequantise(), written.Storage);
        var (a, b) = (Logits(written, heldOut, -1, null), Logits(merged, heldOut, -1, null));
        var report = new MergeReport(merged.Projections.Count, (a - b).abs().max().item<float>(), b.abs().max().item<float>());
        if (report.Relative <= tolerance) return report;
        throw new AdapterException(FormattableString.Invariant($"rounding to few bits moves the logits by {report.Relative:0.0e+0} of the largest, more than the tolerance {tolerance:0.0e+0}; merge into bf16, or allow more"));
    }

    private static void RequireNearest(ProjectionSite site, Tensor wanted, WeightStorage storage)
    {
        var distance = (site.Weights.Dequantise() - wanted).norm().item<float>() / Math.Max(wanted.norm().item<float>(), 1e-30f);
        if (!(distance <= WeightTolerance(storage))) throw new AdapterException(FormattableString.Invariant($"{site.Path}: rounded to {storage} it is {distance:0.0e+0} of its norm away from what was merged"));
    }

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
        var effect = (unmerged - Logits(decoder, heldOut, -1, null)).abs().max().item<float>();

        var originals = adapter.Targets.Select(site => (site, Weight: site.Weights.Dequantise(), Bias: site.Weights.Bias?.clone())).ToList();
        foreach (var site in adapter.Targets)
        {
            using var inner = torch.NewDisposeScope();
            var (weight, bias) = adapter.Merge(site);
            site.Weights.Replace(weight, bias);
            RequireNearest(site, weight, decoder.Storage);
        }
        // The two uses of one table are two tables where an adapter changes one of them.
        if (adapter.ActsAtEmbedding || adapter.ActsAtHead) decoder.Untie();
        var others = adapter.MergeOthers(decoder).Select(other => (other.Base, Before: other.Base.clone(), other.Merged)).ToList();
        foreach (var (tensor, _, changed) in others) tensor.copy_(changed);
        if (adapter.ActsAtHead) decoder.Head.Dispose();   // what it keeps beside its weight

        var merged = Logits(decoder, heldOut, -1, null);
        var report = new MergeReport(adapter.Targets.Count + others.Count, (merged - unmerged).abs().max().item<float>(), unmerged.abs().max().item<float>()) { Effect = effect };
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
