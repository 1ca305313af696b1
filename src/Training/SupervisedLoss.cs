using AlpacaCot.Adapters;
using AlpacaCot.Models;
using AlpacaCot.Torch;

namespace AlpacaCot.Training;

/// <summary>
/// Cross entropy at the supervised positions alone, in chunks of rows, so that the logits <c>[rows, vocabulary]</c> never exceed a bound.
/// A step's loss is the mean over all its supervised tokens; each chunk is differentiated on its own as soon as it is known.
/// </summary>
internal static class SupervisedLoss
{
    /// <summary>Adds the rows' losses to their steps and returns the gradient of all steps' losses with respect to the rows.</summary>
    /// <param name="decoder">The base, whose head is applied.</param>
    /// <param name="bank">The adapters, which may change the head.</param>
    /// <param name="rows">Hidden states <c>[supervised positions, hidden]</c>.</param>
    /// <param name="batch">What each row predicts, and whose it is.</param>
    /// <param name="logitBudget">Most logits at one time.</param>
    public static Tensor Backward(Decoder decoder, AdapterBank bank, Tensor rows, PackedBatch batch, int logitBudget)
    {
        var gradient = torch.empty(rows.shape, rows.dtype, rows.device);
        foreach (var chunk in Chunks(decoder, batch, logitBudget))
        {
            using var scope = torch.NewDisposeScope();
            var x = rows.narrow(0, chunk.Start, chunk.Count).detach().requires_grad_();
            var losses = Losses(decoder, bank, x, batch, chunk);
            var weights = torch.tensor(Array.ConvertAll(batch.Owners[chunk.Range], owner => 1f / owner.Supervised)).to(losses.device);
            losses.mul(weights).sum().backward();
            gradient.narrow(0, chunk.Start, chunk.Count).copy_(x.grad!);
        }
        return gradient;
    }

    /// <summary>Adds the rows' losses to their steps.</summary>
    public static void Forward(Decoder decoder, AdapterBank bank, Tensor rows, PackedBatch batch, int logitBudget)
    {
        foreach (var chunk in Chunks(decoder, batch, logitBudget))
        {
            using var scope = torch.NewDisposeScope();
            Losses(decoder, bank, rows.narrow(0, chunk.Start, chunk.Count), batch, chunk);
        }
    }

    private static Tensor Losses(Decoder decoder, AdapterBank bank, Tensor rows, PackedBatch batch, Chunk chunk)
    {
        var targets = torch.tensor(Array.ConvertAll(batch.Targets[chunk.Range], id => (long)id)).to(rows.device);
        var logits = decoder.Logits(rows, Layout(batch, chunk), bank).to(torch.float32);
        var losses = torch.functional.cross_entropy(logits, targets, Reduction.None);
        var values = losses.data<float>();
        for (var i = 0; i < values.Length; i++)
        {
            var owner = batch.Owners[chunk.Start + i];
            owner.Loss += (double)values[i] / owner.Supervised;
        }
        return losses;
    }

    private static SegmentLayout Layout(PackedBatch batch, Chunk chunk)
    {
        var segments = new List<Segment>();
        for (int at = 0, end; at < chunk.Count; at = end)
        {
            var owner = batch.Owners[chunk.Start + at];
            for (end = at + 1; end < chunk.Count && batch.Owners[chunk.Start + end] == owner; end++) { }
            segments.Add(new Segment(at, end - at, owner.State.Index));
        }
        return new SegmentLayout(segments);
    }

    private static IEnumerable<Chunk> Chunks(Decoder decoder, PackedBatch batch, int logitBudget)
    {
        var size = Math.Max(1, logitBudget / decoder.Config.VocabularySize);
        for (var start = 0; start < batch.Positions.Length; start += size) yield return new Chunk(start, Math.Min(size, batch.Positions.Length - start));
    }

    private readonly record struct Chunk(int Start, int Count)
    {
        public Range Range => Start..(Start + Count);
    }
}
