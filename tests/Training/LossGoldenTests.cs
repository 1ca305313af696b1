using AlpacaCot.Kernels;

namespace AlpacaCot.Training.Tests;

[Trait("Category", "Golden")]
public sealed class LossGoldenTests
{
    public static IEnumerable<object[]> Cases => Golden.Folders("losses");

    [Theory]
    [MemberData(nameof(Cases))]
    public void Differentiate_MaskedRows_GoldenLossesMeanAndGradient(string folder)
    {
        var golden = Golden.Open(folder);
        Assert.SkipUnless(File.Exists(golden.File("golden.safetensors")), "the case has no tensors");
        using var expected = new GoldenTensors(golden);
        Assert.SkipUnless(expected.Has("grad.mean"), "the case is not about the cross entropy of labels");
        using var scope = torch.NewDisposeScope();
        var labels = expected["labels"].ToArray<long>();
        var (rows, length, vocabulary) = (expected["logits"].size(0), expected["logits"].size(1), expected["logits"].size(2));
        var supervised = Enumerable.Range(0, (int)(rows * length)).Where(i => i % length + 1 < length && labels[i + 1] != -100).ToList();
        var index = torch.tensor(supervised.Select(i => (long)i).ToArray());

        var logits = expected["logits"].view(-1, vocabulary).clone().requires_grad_();
        var losses = SupervisedLoss.Differentiate(logits.index_select(0, index), [.. supervised.Select(i => (int)labels[i + 1])], [.. supervised.Select(_ => 1f / supervised.Count)]);

        Assert.Equal(expected["count"].item<long>(), supervised.Count);
        Assert.Equal(expected["mean"].item<float>(), losses.Average(), golden.Tolerance("abs", 1e-5));
        Assert.Equal(expected["sum"].item<float>(), losses.Sum(x => (double)x), 1e-3);
        var tokens = expected["token_losses"].ToArray<float>();
        foreach (var (i, loss) in supervised.Zip(losses)) Assert.Equal(tokens[i / length * (length - 1) + i % length], loss, golden.Tolerance("abs", 1e-5));
        var (want, have) = (expected["grad.mean"].ToArray<float>(), logits.grad!.ToArray<float>());
        Assert.True(want.Zip(have, (a, b) => Math.Abs(a - b)).Max() <= golden.Tolerance("grad_abs", 1e-6));
    }
}
