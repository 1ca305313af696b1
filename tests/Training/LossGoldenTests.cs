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

    /// <summary>Label smoothing and z-loss, by the names of the tensors: <c>smoothed.torch.0.1</c>, <c>z_loss.0.01</c>, and the gradient of the last of each together.</summary>
    [Theory]
    [MemberData(nameof(Cases))]
    public void Differentiate_SmoothedLabelsAndZLoss_GoldenLossesAndGradient(string folder)
    {
        var golden = Golden.Open(folder);
        Assert.SkipUnless(File.Exists(golden.File("golden.safetensors")), "the case has no tensors");
        using var expected = new GoldenTensors(golden);
        Assert.SkipUnless(expected.Has("grad.smoothed_z"), "the case is not about what is added to a cross entropy");
        using var scope = torch.NewDisposeScope();
        var labels = expected["labels"].ToArray<long>();
        var (rows, length, vocabulary) = (expected["logits"].size(0), expected["logits"].size(1), expected["logits"].size(2));
        var supervised = Enumerable.Range(0, (int)(rows * length)).Where(i => i % length + 1 < length && labels[i + 1] != -100).ToList();
        var index = torch.tensor(supervised.Select(i => (long)i).ToArray());
        var plain = expected["mean"].item<float>();

        (float Mean, float[] Gradient) Loss(double smoothing, double zLoss)
        {
            var logits = expected["logits"].view(-1, vocabulary).clone().requires_grad_();
            var losses = SupervisedLoss.Differentiate(
                logits.index_select(0, index), [.. supervised.Select(i => (int)labels[i + 1])], [.. supervised.Select(_ => 1f / supervised.Count)], [.. supervised.Select(_ => new SupervisedLoss.Additions(smoothing, zLoss))]);
            return (losses.Average(), logits.grad!.ToArray<float>());
        }
        double Number(string name, string prefix) => double.Parse(name[prefix.Length..], System.Globalization.CultureInfo.InvariantCulture);
        var (compared, tolerance) = (0, golden.Tolerance("abs", 1e-5));
        foreach (var name in expected.Names)
        {
            if (name.StartsWith("smoothed.torch.", StringComparison.Ordinal)) Assert.Equal(expected[name].item<float>(), Loss(Number(name, "smoothed.torch."), 0).Mean, tolerance);
            else if (name.StartsWith("smoothed.trainer.", StringComparison.Ordinal)) Assert.Equal(expected[name].item<float>(), Loss(Number(name, "smoothed.trainer."), 0).Mean, tolerance);
            else if (name.StartsWith("z_loss.", StringComparison.Ordinal)) Assert.Equal(expected[name].item<float>(), Loss(0, Number(name, "z_loss.")).Mean - plain, tolerance);
            else continue;
            compared++;
        }
        Assert.True(compared >= 3, $"only {compared} losses were compared");
        Assert.True(expected["grad.smoothed_z"].ToArray<float>().Zip(Loss(0.1, 0.01).Gradient, (a, b) => Math.Abs(a - b)).Max() <= golden.Tolerance("grad_abs", 1e-6));
    }
}
