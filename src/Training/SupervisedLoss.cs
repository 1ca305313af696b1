using AlpacaCot.Adapters;
using AlpacaCot.Kernels;
using AlpacaCot.Models;

namespace AlpacaCot.Training;

/// <summary>
/// Cross entropy at the supervised positions alone, in chunks of rows, so that the logits <c>[rows, vocabulary]</c> never exceed a bound.
/// A step's loss is the mean over all its supervised tokens; each chunk is differentiated on its own as soon as it is known.
/// </summary>
internal static class SupervisedLoss
{
    // Few enough to stay near the processor; so many that a GPU has enough to do.
    private const int Logits = 1 << 23, GpuLogits = 1 << 27;

    /// <summary>
    /// The gradient of all steps' losses with respect to the rows, and what adds the losses to their steps: to be called once the rest is under way, for
    /// what a GPU computes is waited for there.
    /// </summary>
    /// <param name="decoder">The base, whose head is applied.</param>
    /// <param name="bank">The adapters, which may change the head.</param>
    /// <param name="rows">Hidden states <c>[supervised positions, hidden]</c>.</param>
    /// <param name="batch">What each row predicts, and whose it is.</param>
    /// <param name="logitBudget">Most logits at one time.</param>
    public static (Tensor Gradient, Action Count) Backward(Decoder decoder, AdapterBank bank, Tensor rows, PackedBatch batch, int? logitBudget)
    {
        var gradient = torch.empty(rows.shape, rows.dtype, rows.device);
        var counts = new List<Action>();
        foreach (var chunk in Chunks(decoder, batch, logitBudget))
        {
            using var scope = torch.NewDisposeScope();
            var x = rows.narrow(0, chunk.Start, chunk.Count).detach().requires_grad_();
            var logits = decoder.Logits(x, Layout(batch, chunk), bank, trains: true);
            var weights = Array.ConvertAll(batch.Owners[chunk.Range], owner => 1f / owner.Supervised);
            var owners = batch.Owners[chunk.Range];
            var losses = Array.TrueForAll(owners, owner => Additions.Of(owner) == default)
                ? Begin(logits, batch.Targets[chunk.Range], weights) : Begin(logits, batch.Targets[chunk.Range], weights, Array.ConvertAll(owners, Additions.Of));
            counts.Add(() => Count(batch, chunk, losses()));
            gradient.narrow(0, chunk.Start, chunk.Count).copy_(x.grad!);
        }
        return (gradient, () => counts.ForEach(count => count()));
    }

    /// <summary>Adds the rows' losses to their steps.</summary>
    public static void Forward(Decoder decoder, AdapterBank bank, Tensor rows, PackedBatch batch, int? logitBudget)
    {
        foreach (var chunk in Chunks(decoder, batch, logitBudget))
        {
            using var scope = torch.NewDisposeScope();
            var logits = decoder.Logits(rows.narrow(0, chunk.Start, chunk.Count), Layout(batch, chunk), bank);
            Count(batch, chunk, Functional.CrossEntropyRows(logits, Ids(batch.Targets[chunk.Range], logits)).ToArray<float>());
        }
    }

    internal static float[] Differentiate(Tensor logits, int[] targets, float[] weights) => Begin(logits, targets, weights)();

    internal static float[] Differentiate(Tensor logits, int[] targets, float[] weights, Additions[] additions) => Begin(logits, targets, weights, additions)();

    // Runs the backward pass of the weighted sum of the losses, and returns what fetches the losses. The processor's kernel writes the gradient over
    // the logits, which no operator needs any more.
    private static Func<float[]> Begin(Tensor logits, int[] targets, float[] weights)
    {
        if (logits.device_type == DeviceType.CPU && logits.dtype is ScalarType.Float32 or ScalarType.BFloat16 && logits.is_contiguous())
        {
            var (losses, gradient) = (new float[targets.Length], logits.detach());
            Functional.CrossEntropyInPlace(gradient, targets, weights, losses);
            Autograd.Backward(logits, gradient);
            return () => losses;
        }
        return Weighted(Functional.CrossEntropyRows(logits, Ids(targets, logits)), weights);
    }

    /// <summary>What a member adds to the cross entropy of its rows. Held-out losses go without it, so that they can be compared.</summary>
    internal readonly record struct Additions(double Smoothing, double ZLoss)
    {
        public static Additions Of(MemberStep step) => step.State.Member.Settings is var settings ? new Additions(settings.LabelSmoothing, settings.ZLoss) : default;
    }

    // (1 − ε) (−log p of the target) + ε (mean of −log p over the vocabulary) + z (log of the softmax's denominator)².
    private static Func<float[]> Begin(Tensor logits, int[] targets, float[] weights, Additions[] additions)
    {
        Tensor Column(Func<Additions, double> of) => torch.tensor(Array.ConvertAll(additions, addition => (float)of(addition))).On(logits.device);
        var x = logits.to(torch.float32);
        var (log, smoothing) = (x.logsumexp(-1), Column(addition => addition.Smoothing));
        var target = x.gather(1, Ids(targets, logits).unsqueeze(1)).squeeze(1);
        var rows = log - (1 - smoothing) * target - smoothing * x.mean([-1]) + Column(addition => addition.ZLoss) * log * log;
        return Weighted(rows, weights);
    }

    private static Func<float[]> Weighted(Tensor rows, float[] weights)
    {
        Autograd.Backward(rows.mul(torch.tensor(weights).On(rows.device)).sum());
        var losses = rows.detach().MoveToOuterDisposeScope();
        return () => losses.ToArray<float>();
    }

    private static Tensor Ids(int[] targets, Tensor logits) => torch.tensor(targets, torch.int64).On(logits.device);

    private static void Count(PackedBatch batch, Chunk chunk, float[] losses)
    {
        for (var i = 0; i < losses.Length; i++)
        {
            var owner = batch.Owners[chunk.Start + i];
            owner.Loss += (double)losses[i] / owner.Supervised;
        }
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

    private static IEnumerable<Chunk> Chunks(Decoder decoder, PackedBatch batch, int? logitBudget)
    {
        var budget = logitBudget ?? (decoder.Device.type == DeviceType.CUDA ? GpuLogits : Logits);
        var count = Math.Max(1, budget / decoder.Config.VocabularySize);
        var chunks = Math.Max(1, (batch.Positions.Length + count - 1) / count);
        var size = (batch.Positions.Length + chunks - 1) / chunks;   // of one size: a chunk of a few rows takes long for what it does
        for (var start = 0; start < batch.Positions.Length; start += size) yield return new Chunk(start, Math.Min(size, batch.Positions.Length - start));
    }

    private readonly record struct Chunk(int Start, int Count)
    {
        public Range Range => Start..(Start + Count);
    }
}
