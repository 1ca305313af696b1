using AlpacaCot.Kernels;

namespace AlpacaCot.Training.Tests;

/// <summary>The loss has two ways: the processor's kernel, and the library's operators for other devices and layouts. Both weigh a row by its owner.</summary>
public sealed class WeightedLossTests
{
    [Fact]
    public void Differentiate_KernelAndPlainOperators_SameLossesAndGradient()
    {
        using var scope = torch.NewDisposeScope();
        using var generator = new Generator(3);
        int[] targets = [4, 0, 7, 2, 2];
        float[] weights = [0.5f, 0.25f, 1f, 0.125f, 2f];
        var values = torch.randn([5, 9], generator: generator) * 3;

        Tensor Leaf(Tensor of) => of.clone().requires_grad_();
        var (kernelLeaf, plainLeaf) = (Leaf(values), Leaf(values.t().contiguous()));
        // The kernel writes over what it is given, and so gets a result, as the head's logits are one. What is not contiguous takes the plain way.
        var kernel = SupervisedLoss.Differentiate(kernelLeaf * 1, targets, weights);
        var strided = plainLeaf.t();
        Assert.False(strided.is_contiguous());
        var plain = SupervisedLoss.Differentiate(strided, targets, weights);

        for (var i = 0; i < targets.Length; i++) Assert.Equal(plain[i], kernel[i], 1e-5f);
        var (a, b) = (kernelLeaf.grad!.ToArray<float>(), plainLeaf.grad!.t().ToArray<float>());
        for (var i = 0; i < a.Length; i++) Assert.Equal(b[i], a[i], 1e-6f);
        // And both are the definition: w (softmax − one-hot), row by row.
        var expected = torch.nn.functional.softmax(values, 1);
        for (var row = 0; row < targets.Length; row++) expected[row, targets[row]] -= 1;
        var defined = (expected * torch.tensor(weights).unsqueeze(1)).ToArray<float>();
        for (var i = 0; i < a.Length; i++) Assert.Equal(defined[i], a[i], 1e-5f);
    }
}
